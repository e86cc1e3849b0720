#include "plan/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "project/rejected_name.h"

namespace lochan {
namespace {

// `2+name+1`: how far to follow inputs and readers; -1 is all the way, nothing is not at all.
struct Selector {
  std::optional<int> up;
  std::string word;
  std::optional<int> down;
};

bool all_digits(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char letter) { return std::isdigit(letter) != 0; });
}

int depth(std::string_view digits) {
  int value = -1;
  if (!digits.empty()) std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

Selector parse_selector(std::string_view text) {
  Selector selector;
  if (const auto plus = text.find('+'); plus != std::string_view::npos && all_digits(text.substr(0, plus))) {
    selector.up = depth(text.substr(0, plus));
    text.remove_prefix(plus + 1);
  }
  if (const auto plus = text.rfind('+'); plus != std::string_view::npos && all_digits(text.substr(plus + 1))) {
    selector.down = depth(text.substr(plus + 1));
    text = text.substr(0, plus);
  }
  selector.word = text;
  return selector;
}

// `*` stands for any letters.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t skip = 0; skip <= text.size(); ++skip)
      if (matches(pattern.substr(1), text.substr(skip))) return true;
    return false;
  }
  return !text.empty() && pattern.front() == text.front() && matches(pattern.substr(1), text.substr(1));
}

class Selection {
 public:
  explicit Selection(const SelectionContext& context) : context_(context) {}

  // Words of one text are a union, parts between commas an intersection.
  Selected select(std::span<const std::string> texts) {
    Selected result;
    for (const std::string& text : texts) {
      for (const std::string& word : text::split(text, ' ')) {
        if (text::trim(word).empty()) continue;
        add(result, intersection(word));
      }
    }
    return result;
  }

 private:
  static void add(Selected& to, Selected what) {
    to.tables.merge(what.tables);
    to.sinks.merge(what.sinks);
    to.commands.merge(what.commands);
  }

  Selected intersection(const std::string& word) {
    std::optional<Selected> result;
    for (const std::string& part : text::split(word, ',')) {
      const Selected chosen = expand(parse_selector(text::trim(part)));
      if (!result) {
        result = chosen;
      } else {
        std::erase_if(result->tables, [&](const TableName& table) { return !chosen.tables.contains(table); });
        std::erase_if(result->sinks, [&](const std::string& sink) { return !chosen.sinks.contains(sink); });
        std::erase_if(result->commands, [&](const std::string& command) { return !chosen.commands.contains(command); });
      }
    }
    return std::move(*result);
  }

  Selected expand(const Selector& selector) {
    const Selected matched = match(selector.word);
    Selected result = matched;
    const Reached from{matched.tables, matched.commands};
    add(result, context_.graph.upstream(from, selector.up.value_or(0)));
    if (selector.down) add(result, context_.graph.downstream(from, *selector.down));
    if (selector.down && *selector.down != 0) add_readers(result, from, *selector.down - 1);
    if (selector.up && *selector.up != 0)
      for (const TableName& table : context_.graph.upstream(from, std::max(*selector.up - 1, -1)).tables)
        result.sinks.merge(context_.graph.carried_by(table));
    for (const std::string& sink : matched.sinks)
      for (const SinkTable& table : context_.project.sinks.at(sink).tables)
        if (selector.up && *selector.up != 0) add(result, context_.graph.upstream({{table.table}, {}}, std::max(*selector.up - 1, -1)));
    return result;
  }

  static void add(Selected& to, const Reached& reached) { add(to, Selected{reached.tables, {}, reached.commands}); }

  // A sink is one step further than the table it carries.
  void add_readers(Selected& result, const Reached& from, int depth) const {
    const std::set<TableName> reached = context_.graph.downstream(from, std::max(depth, -1)).tables;
    for (const auto& [name, sink] : context_.project.sinks)
      if (std::ranges::any_of(sink.tables, [&](const SinkTable& table) { return reached.contains(table.table); }))
        result.sinks.insert(name);
  }

  Selected match(const std::string& word) {
    const auto colon = word.find(':');
    const std::string method = colon == std::string::npos ? "" : word.substr(0, colon);
    const std::string value = word.substr(colon == std::string::npos ? 0 : colon + 1);
    if (method.empty()) return {by_name(value), {}, {}};
    if (method == "tag") return by_tag(value);
    if (method == "source") return {by_source(value), {}, {}};
    if (method == "sink") return {{}, by_sink(value), {}};
    if (method == "command") return {{}, {}, by_command(value)};
    if (method == "layer") return {by_layer(value), {}, {}};
    if (method == "state") return by_state(value);
    if (method == "result") return context_.with_result(value);
    const std::vector<std::string> methods = {"tag", "source", "sink", "command", "layer", "state", "result"};
    throw Error(ErrorKind::Usage, fmt::format("`{}` is no way to select", method + ":"))
        .hint(text::did_you_mean(method, methods, "there are tag:, source:, sink:, command:, layer:, state: and result:"));
  }

  std::set<TableName> by_name(const std::string& name) {
    std::set<TableName> result;
    std::vector<std::string> names;
    const bool is_rejected = name.ends_with(kRejectedEnding);  // they come about with their table
    const std::string wanted = is_rejected ? name.substr(0, name.size() - kRejectedEnding.size()) : name;
    for (const TableName& table : context_.graph.order()) {
      names.push_back(to_string(table));
      if (matches(wanted, to_string(table)) || matches(wanted, table.name)) result.insert(table);
    }
    if (result.empty()) fail("table", name, names);
    return result;
  }

  std::set<std::string> by_sink(const std::string& name) {
    std::vector<std::string> names;
    std::set<std::string> result;
    for (const auto& [sink_name, sink] : context_.project.sinks) {
      names.push_back(sink_name);
      if (matches(name, sink_name)) result.insert(sink_name);
    }
    if (result.empty()) fail("sink", name, names);
    return result;
  }

  std::set<std::string> by_command(const std::string& name) {
    std::vector<std::string> names;
    std::set<std::string> result;
    for (const auto& [command_name, command] : context_.project.commands) {
      names.push_back(command_name);
      if (matches(name, command_name)) result.insert(command_name);
    }
    if (result.empty()) fail("command", name, names);
    return result;
  }

  Selected by_tag(const std::string& tag) {
    Selected result;
    std::vector<std::string> names;
    const auto note = [&](const std::vector<std::string>& tags) {
      names.insert(names.end(), tags.begin(), tags.end());
      return std::ranges::find(tags, tag) != tags.end();
    };
    for (const auto& [table, model] : context_.project.models)
      if (note(model.tags)) result.tables.insert(table);
    for (const auto& [table, model] : context_.project.database_models)
      if (note(model.tags) && context_.graph.contains(table)) result.tables.insert(table);
    for (const auto& [name, source] : context_.project.sources)
      if (note(source.tags))
        for (const SourceTable& table : source.tables) result.tables.insert(table.table());
    for (const auto& [name, sink] : context_.project.sinks)
      if (note(sink.tags)) result.sinks.insert(name);
    for (const auto& [name, command] : context_.project.commands)
      if (note(command.tags)) result.commands.insert(name);
    if (result.tables.empty() && result.sinks.empty() && result.commands.empty()) fail("tag", tag, names);
    return result;
  }

  std::set<TableName> by_source(const std::string& name) {
    std::vector<std::string> names;
    std::set<TableName> result;
    for (const auto& [source_name, source] : context_.project.sources) {
      names.push_back(source_name);
      if (!matches(name, source_name)) continue;
      for (const SourceTable& table : source.tables) result.insert(table.table());
    }
    if (result.empty()) fail("source", name, names);
    return result;
  }

  std::set<TableName> by_layer(const std::string& layer) {
    std::vector<std::string> names;
    std::set<TableName> result;
    for (const TableName& table : context_.graph.order()) {
      names.push_back(table.layer);
      if (table.layer == layer) result.insert(table);
    }
    if (result.empty()) fail("layer", layer, names);
    return result;
  }

  Selected by_state(const std::string& state) {
    if (state == "modified") return context_.modified();
    throw Error(ErrorKind::Usage, fmt::format("`state:{}` is not known", state)).hint("there is state:modified");
  }

  [[noreturn]] static void fail(std::string_view what, const std::string& name, std::vector<std::string> names) {
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    throw Error(ErrorKind::Usage, fmt::format("no {} `{}`", what, name))
        .hint(text::did_you_mean(name, names, "`lochan show` lists the tables"));
  }

  const SelectionContext& context_;
};

}  // namespace

Selected select(const SelectionContext& context, std::span<const std::string> select,
                std::span<const std::string> exclude) {
  Selection selection(context);
  Selected result;
  if (select.empty()) {
    result.tables = {context.graph.order().begin(), context.graph.order().end()};
    for (const auto& [name, sink] : context.project.sinks) result.sinks.insert(name);
    for (const auto& [name, command] : context.project.commands) {
      if (command.when != CommandWhen::Selected) result.commands.insert(name);
      else
        for (const CommandOutput& output : command.outputs) result.tables.erase(output.table);
    }
  } else {
    result = selection.select(select);
  }
  const Selected excluded = selection.select(exclude);
  for (const TableName& table : excluded.tables) result.tables.erase(table);
  for (const std::string& sink : excluded.sinks) result.sinks.erase(sink);
  for (const std::string& command : excluded.commands) result.commands.erase(command);
  return result;
}

std::set<TableName> select_tables(const SelectionContext& context, std::span<const std::string> texts,
                                  std::span<const std::string> exclude) {
  return select(context, texts, exclude).tables;
}

}  // namespace lochan
