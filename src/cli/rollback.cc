// `lochan rollback`: main as it was, as a new publication; and letting go of what it holds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "run/lake.h"

namespace lochan {
namespace {

class RollbackCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.text("--to", to_, "N|TAG|TIME", "back to this publication (`lochan history`), tag, or time in UTC");
    options.texts("--release", release_, "TABLE", "let runs touch these held tables again; `all`: every one");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    if (!to_.empty() == !release_.empty())
      throw Error(ErrorKind::Usage, "say either `--to N` or `--release TABLE…`")
          .hint("`lochan history` lists the publications");
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    if (!to_.empty())
      roll_back(context.terminal, lake.catalog());
    else
      release(context.terminal, lake.catalog());
    return kExitDone;
  }

 private:
  void roll_back(Terminal& terminal, Catalog& catalog) const {
    const std::int64_t to = catalog.resolve_publication(to_);
    const std::int64_t before = catalog.current_publication();
    if (is_there_already(catalog, to, before)) {
      if (output_.is_json()) return print_document(terminal, {{"publication", nullptr}, {"to", to}});
      return terminal.print(fmt::format("main is as it was at publication {} already: nothing was changed", to));
    }
    const std::int64_t publication = catalog.rollback(to, author(), [](std::int64_t) {});
    const std::vector<Catalog::Change> changes = catalog.changes(publication);
    const std::vector<TableName> held = catalog.held_tables();
    if (output_.is_json()) {
      Document changed = Document::array();
      for (const Catalog::Change& change : changes)
        changed.push_back({{"table", to_string(change.table)}, {"change", change.kind}});
      return print_document(terminal, {{"publication", publication},
                                       {"to", to},
                                       {"from", before},
                                       {"changes", std::move(changed)},
                                       {"held", to_document(std::span(held))}});
    }
    terminal.print(fmt::format("main is as it was at publication {}: this is publication {}", to, publication));
    for (const Catalog::Change& change : changes)
      terminal.print(fmt::format("  {} {}", change.kind, to_string(change.table)));
    if (held.empty()) return;
    terminal.print("held, so that the next run does not bring the same back:");
    for (const TableName& table : held) terminal.print("  " + to_string(table));
    terminal.print("they are let go when their code changes, or by: lochan rollback --release all");
    terminal.print(fmt::format("what it took back: lochan diff --at {} {}; forward again: lochan rollback --to {}", to, before,
                               before));
  }

  static bool is_there_already(const Catalog& catalog, std::int64_t to, std::int64_t now) {
    return std::ranges::equal(catalog.entries(fmt::format("at-{}", to)), catalog.entries(fmt::format("at-{}", now)),
                              [](const Entry& then, const Entry& present) {
                                return then.table == present.table && then.kind == present.kind &&
                                       then.data_version == present.data_version && then.columns == present.columns &&
                                       then.properties == present.properties;
                              });
  }

  void release(Terminal& terminal, Catalog& catalog) const {
    const std::vector<TableName> held = catalog.held_tables();
    std::vector<TableName> chosen = held;
    if (!(release_.size() == 1 && release_.front() == "all")) {
      chosen.clear();
      for (const std::string& name : release_) chosen.push_back(find_held(held, name));
    }
    catalog.release_held(chosen);
    if (output_.is_json()) return print_document(terminal, {{"released", to_document(std::span(chosen))}});
    if (chosen.empty()) return terminal.print("no table is held");
    for (const TableName& table : chosen) terminal.print("released " + to_string(table));
  }

  static TableName find_held(const std::vector<TableName>& held, const std::string& name) {
    std::vector<std::string> names;
    for (const TableName& table : held) {
      if (to_string(table) == name) return table;
      names.push_back(to_string(table));
    }
    throw Error(ErrorKind::Usage, fmt::format("`{}` is not held", name))
        .hint(text::did_you_mean(
            name, names, held.empty() ? "no table is held" : fmt::format("held are {}", fmt::join(names, ", "))));
  }

  std::string to_;
  std::vector<std::string> release_;
  OutputOption output_;
};

}  // namespace

CommandKind rollback_command() {
  return {.name = "rollback",
          .group = "the lake",
          .summary = "bring main back to an earlier publication",
          .more =
              "A rollback is a new publication: nothing is lost, and one can roll forward again. The tables it changed "
              "are held:\n"
              "no run touches them, or what would refill them, until their code changes or a person releases them.",
          .examples = {{"rollback --to 16", "main as it was at publication 16"},
                       {"rollback --to year-end-2026", "as it was when it was tagged"},
                       {"rollback --release mart.sales_by_day", "let runs build it again"},
                       {"rollback --release all", "every held table"}},
          .make = make_command<RollbackCommand>};
}

}  // namespace lochan
