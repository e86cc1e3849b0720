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
    options.number("--to", to_, "N", "back to publication N (`lochan history` lists them)");
    options.texts("--release", release_, "TABLE", "let runs touch these held tables again; `all`: every one");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    if (to_.has_value() == !release_.empty())
      throw Error(ErrorKind::Usage, "say either `--to N` or `--release TABLE…`")
          .hint("`lochan history` lists the publications");
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    if (to_)
      roll_back(context.terminal, lake.catalog());
    else
      release(context.terminal, lake.catalog());
    return kExitDone;
  }

 private:
  void roll_back(Terminal& terminal, Catalog& catalog) const {
    const std::int64_t publication = catalog.rollback(*to_, author(), [](std::int64_t) {});
    const std::vector<Catalog::Change> changes = catalog.changes(publication);
    const std::vector<TableName> held = catalog.held_tables();
    if (output_.is_json()) {
      Document changed = Document::array();
      for (const Catalog::Change& change : changes)
        changed.push_back({{"table", to_string(change.table)}, {"change", change.kind}});
      return print_document(terminal, {{"publication", publication},
                                       {"to", *to_},
                                       {"changes", std::move(changed)},
                                       {"held", to_document(std::span(held))}});
    }
    terminal.print(fmt::format("main is as it was at publication {}: this is publication {}", *to_, publication));
    for (const Catalog::Change& change : changes)
      terminal.print(fmt::format("  {} {}", change.kind, to_string(change.table)));
    if (held.empty()) return;
    terminal.print("held, so that the next run does not bring the same back:");
    for (const TableName& table : held) terminal.print("  " + to_string(table));
    terminal.print("they are let go when their code changes, or by: lochan rollback --release all");
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

  std::optional<std::int64_t> to_;
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
                       {"rollback --release mart.sales_by_day", "let runs build it again"},
                       {"rollback --release all", "every held table"}},
          .make = make_command<RollbackCommand>};
}

}  // namespace lochan
