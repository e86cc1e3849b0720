// `lochan source`: what is on offer at the sources, without another client.
#include "source/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/connection_session.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "engine/engine.h"

namespace lochan {
namespace {

constexpr int kSourceRows = 3;
constexpr std::size_t kCellWidth = 24;

std::string load_word(LoadMode mode) {
  switch (mode) {
    case LoadMode::Full:
      return "full";
    case LoadMode::Incremental:
      return "incremental";
  }
  return "full";
}

std::vector<std::string> texts(const std::vector<LocatedText>& located) {
  std::vector<std::string> result;
  for (const LocatedText& text : located) result.push_back(*text);
  return result;
}

/// One table on offer: what the source says of it, how the project loads it, and its first rows.
struct Offer {
  Stream stream;
  const SourceTable* loaded = nullptr;
  Rows sample;
  std::string problem;  // why there is no sample
};

std::string description_of(const Stream& stream, const Column& column) {
  const auto found = stream.descriptions.find(column.name);
  return found == stream.descriptions.end() ? "" : found->second;
}

Document to_document(const Offer& offer) {
  Document columns = Document::array();
  for (const Column& column : offer.stream.columns) {
    columns.push_back(lochan::to_document(column));
    if (const std::string said = description_of(offer.stream, column); !said.empty()) columns.back()["description"] = said;
  }
  Document document = {
      {"name", offer.stream.name},
      {"columns", std::move(columns)},
      {"key", offer.stream.key},
      {"indexes", offer.stream.indexes},
      {"loaded_as", offer.loaded == nullptr ? Document() : Document(to_string(offer.loaded->table()))}};
  if (!offer.stream.description.empty()) document["description"] = offer.stream.description;
  document["sample"] = lochan::to_document(offer.sample);
  return document;
}

class SourceCommand final : public Command {
 public:
  void add_options(Options& options) override {
    output_.add(options);
    options.command("list", "list sources and connections", list_);
    Options show = options.command("show", "show tables, columns, keys, indexes and some rows", show_);
    show.argument("NAME", name_, "a source or a connection", true);
    show.text("--table", table_, "TABLE", "only this table at the source");
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    return show_ ? show(context.terminal, project) : list(context.terminal, project);
  }

 private:
  int list(Terminal& terminal, const Project& project) const {
    Document documents = Document::array();
    std::vector<std::vector<std::string>> lines = {{"source", "from", "table", "load"}};
    for (const auto& [name, source] : project.sources) {
      Document tables = Document::array();
      for (const SourceTable& table : source.tables) {
        tables.push_back({{"table", to_string(table.table())}, {"from", table.from}, {"load", load_word(table.load)}});
        lines.push_back({name, fmt::format("{}", fmt::join(texts(source.from), ", ")), to_string(table.table()),
                         load_word(table.load)});
      }
      documents.push_back({{"source", name}, {"connections", texts(source.from)}, {"tables", std::move(tables)}});
    }
    Document connections = Document::array();
    std::vector<std::vector<std::string>> others = {{"connection", "kind"}};
    for (const auto& [name, connection] : project.connections) {
      connections.push_back({{"connection", name}, {"kind", connection.kind}});
      others.push_back({name, connection.kind});
    }
    if (output_.is_json()) {
      print_document(terminal, {{"sources", std::move(documents)}, {"connections", std::move(connections)}});
      return kExitDone;
    }
    terminal.print(lines.size() == 1 ? "no sources: add a file to sources/" : align(lines));
    if (others.size() > 1) terminal.print("\n" + align(others));
    return kExitDone;
  }

  int show(Terminal& terminal, const Project& project) const {
    const SourceConfig* source = nullptr;
    std::vector<std::string> connections = {name_};
    if (const auto found = project.sources.find(name_); found != project.sources.end()) {
      source = &found->second;
      connections = texts(source->from);
    } else if (!project.connections.contains(name_)) {
      throw unknown_name(project);
    }
    Document documents = Document::array();
    bool failed = false;
    for (const std::string& connection : connections) {
      try {
        const std::vector<Offer> offers = read_offers(project, find_connection(project, connection), source);
        documents.push_back(document_of(connection, offers));
        if (!output_.is_json()) print(terminal, connection, offers);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable) throw;
        failed = true;
        documents.push_back({{"connection", connection}, {"error", lochan::to_document(error)}});
        terminal.note(fmt::format("{}: {}", connection, error.what()));
      }
    }
    if (output_.is_json()) print_document(terminal, {{"name", name_}, {"connections", std::move(documents)}});
    return failed ? kExitFailed : kExitDone;
  }

  Error unknown_name(const Project& project) const {
    std::vector<std::string> names;
    for (const auto& [name, source] : project.sources) names.push_back(name);
    for (const auto& [name, connection] : project.connections) names.push_back(name);
    return Error(ErrorKind::Usage, fmt::format("no source or connection `{}`", name_))
        .hint(text::did_you_mean(name_, names, "`lochan source list` shows what there is"));
  }

  static Document document_of(const std::string& connection, const std::vector<Offer>& offers) {
    Document tables = Document::array();
    for (const Offer& offer : offers) tables.push_back(to_document(offer));
    return {{"connection", connection}, {"tables", std::move(tables)}};
  }

  std::vector<Offer> read_offers(const Project& project, const Connection& connection,
                                 const SourceConfig* config) const {
    const std::unique_ptr<Source> source = make_source(connection);
    std::vector<Offer> offers;
    std::vector<std::string> names;
    for (Stream& stream : source->discover()) {
      names.push_back(stream.name);
      if (!table_.empty() && stream.name != table_) continue;
      offers.push_back({std::move(stream), nullptr, {}, ""});
      offers.back().loaded = find_loaded(project, config, connection.name, offers.back().stream.name);
    }
    if (offers.empty() && !table_.empty())
      throw Error(ErrorKind::Usage, fmt::format("no table `{}` at `{}`", table_, connection.name))
          .hint(text::did_you_mean(table_, names, fmt::format("`lochan source show {}` lists them", name_)));
    Engine engine(engine_options(project));
    const std::unique_ptr<Session> session = engine.open_session();
    source->open(*session);
    for (Offer& offer : offers) read_sample(*session, *source, offer);
    source->close(*session);
    return offers;
  }

  /// How the project loads it, if it does.
  static const SourceTable* find_loaded(const Project& project, const SourceConfig* config,
                                        const std::string& connection, const std::string& stream) {
    for (const auto& [name, source] : project.sources) {
      if (config != nullptr && config != &source) continue;
      const std::vector<std::string> from = texts(source.from);
      if (std::ranges::find(from, connection) == from.end()) continue;
      const auto found = std::ranges::find(source.tables, stream, &SourceTable::from);
      if (found != source.tables.end()) return &*found;
    }
    return nullptr;
  }

  static void read_sample(Session& session, Source& source, Offer& offer) {
    SourceTable whole;
    if (offer.loaded != nullptr) whole = *offer.loaded;
    whole.name = whole.from = offer.stream.name;
    whole.load = LoadMode::Full;
    try {
      offer.sample = session.transaction([&] {
        const Extract extract = source.extract(session, whole, {});
        return session.query(fmt::format("select * from ({}\n) limit {}", extract.select, kSourceRows));
      });
    } catch (const Error& error) {
      offer.problem = error.what();
    }
  }

  static void print(Terminal& terminal, const std::string& connection, const std::vector<Offer>& offers) {
    terminal.print(terminal.paint(Color::Bold, connection) +
                   fmt::format(": {}", text::plural(static_cast<std::int64_t>(offers.size()), "table")));
    for (const Offer& offer : offers) {
      const std::string loaded =
          offer.loaded == nullptr
              ? "not loaded"
              : fmt::format("loaded as {}, {}", to_string(offer.loaded->table()), load_word(offer.loaded->load));
      terminal.print(fmt::format("\n{}  ({})", terminal.paint(Color::Bold, offer.stream.name), loaded));
      if (!offer.stream.description.empty()) terminal.print("  " + printable(offer.stream.description));
      std::vector<std::vector<std::string>> lines;
      for (const Column& column : offer.stream.columns) {
        const bool is_key = std::ranges::find(offer.stream.key, column.name) != offer.stream.key.end();
        lines.push_back({column.name, column.type, is_key ? "key" : column.nullable ? "" : "not null",
                         printable(description_of(offer.stream, column))});
      }
      terminal.print(align(lines, "  "));
      for (const std::string& index : offer.stream.indexes) terminal.print("  index " + index);
      if (!offer.problem.empty())
        terminal.print("  no sample: " + offer.problem);
      else if (!offer.sample.empty())
        terminal.write(render_rows(offer.sample, kCellWidth, "  "));
      else
        terminal.print("  no rows");
    }
  }

  OutputOption output_;
  std::string name_;
  std::string table_;
  bool list_ = false;
  bool show_ = false;
};

}  // namespace

CommandKind source_command() {
  return {.name = "source",
          .group = "the lake",
          .summary = "look at the sources: tables, columns, keys, some rows",
          .more = "",
          .examples = {{"source list", "what the project loads, and from where"},
                       {"source show shop", "every table at each of its connections"},
                       {"source show branch_1 --table sale", "one table at one connection"}},
          .make = make_command<SourceCommand>};
}

}  // namespace lochan
