// `lochan diff`: what differs between two states of the lake.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/branches.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "run/lake.h"
#include "run/lake_diff.h"

namespace lochan {
namespace {

constexpr std::int64_t kShownRows = 10;
constexpr std::size_t kValueWidth = 40;

std::string at(std::int64_t publication) { return fmt::format("at-{}", publication); }

// A branch's own changes, whatever main did since; of one over a named branch, how it differs from that.
Ref base_of(const Branch& branch) { return branch.parent == "main" ? at(branch.base_publication) : branch.parent; }

DiffRequest request_for(const Catalog& catalog, const DiffOptions& options) {
  if (options.branch.empty() == options.at.empty() || options.at.size() > 2)
    throw Error(ErrorKind::Usage, "say either a branch or `--at A B`")
        .hint("lochan diff dev-anna; lochan diff --at 16 17; lochan diff --at 16: what main changed since");
  DiffRequest request;
  request.rows = std::max<std::int64_t>(options.limit.value_or(kShownRows), 0);
  if (!options.branch.empty()) {
    const Branch branch = find_branch(catalog, options.branch);
    request.before = base_of(branch), request.after = branch.name;
  } else {
    request.before = at(catalog.resolve_publication(options.at[0]));
    request.after =
        at(options.at.size() == 2 ? catalog.resolve_publication(options.at[1]) : catalog.current_publication());
  }
  return request;
}

std::vector<TableName> find_tables(const Catalog& catalog, const DiffRequest& request,
                                   const std::vector<std::string>& wanted) {
  std::vector<TableName> tables;
  std::vector<std::string> known;
  for (const Ref& ref : {request.before, request.after})
    for (const Entry& entry : catalog.entries(ref)) {
      known.push_back(to_string(entry.table));
      if (std::ranges::find(wanted, known.back()) != wanted.end()) tables.push_back(entry.table);
    }
  for (const std::string& name : wanted)
    if (std::ranges::find(known, name) == known.end())
      throw Error(ErrorKind::Usage, fmt::format("no table `{}` on either side", name))
          .hint(text::did_you_mean(name, known, "`lochan show` lists the tables"));
  return tables;
}

Document to_document(const std::optional<std::string>& value) { return value ? Document(*value) : Document(); }

Document to_document(const RowDiff& row) {
  Document document = {{"change", to_string(row.change)}};
  if (!row.key.empty()) document["key"] = Document::object();
  for (const RowValue& value : row.key) document["key"][value.column] = to_document(value.after);
  for (const RowValue& value : row.values) {
    if (row.change != RowChange::Added) document["before"][value.column] = to_document(value.before);
    if (row.change != RowChange::Removed) document["after"][value.column] = to_document(value.after);
  }
  return document;
}

Document to_document(const TableDiff& diff) {
  Document document = {{"table", to_string(diff.table)}, {"kind", diff.kind}, {"change", to_string(diff.change)}};
  document["rows_before"] = diff.rows_before ? Document(*diff.rows_before) : Document();
  document["rows_after"] = diff.rows_after ? Document(*diff.rows_after) : Document();
  document["columns"] = Document::array();
  for (const ColumnChange& column : diff.columns)
    document["columns"].push_back({{"column", column.column},
                                   {"before", column.before.empty() ? Document() : Document(column.before)},
                                   {"after", column.after.empty() ? Document() : Document(column.after)}});
  if (diff.change != TableChange::Changed) return document;
  document["key"] = diff.key;
  document["added"] = diff.added;
  document["removed"] = diff.removed;
  document["changed"] = diff.changed;
  document["rows"] = Document::array();
  for (const RowDiff& row : diff.rows) document["rows"].push_back(to_document(row));
  return document;
}

std::string show(const std::optional<std::string>& value) {
  return value ? truncated(printable(*value), kValueWidth) : "null";
}

std::string line_of(const RowDiff& row) {
  std::vector<std::string> parts;
  for (const RowValue& value : row.key) parts.push_back(fmt::format("{}={}", value.column, show(value.after)));
  for (const RowValue& value : row.values) {
    if (row.change == RowChange::Changed)
      parts.push_back(fmt::format("{}: {} → {}", value.column, show(value.before), show(value.after)));
    else
      parts.push_back(fmt::format("{}={}", value.column, show(row.change == RowChange::Added ? value.after : value.before)));
  }
  const char sign = row.change == RowChange::Added ? '+' : row.change == RowChange::Removed ? '-' : '~';
  return fmt::format("  {} {}", sign, fmt::join(parts, "  "));
}

std::string heading(const TableDiff& diff) {
  std::string text = fmt::format("{} {}", to_string(diff.change), to_string(diff.table));
  if (diff.kind != "table") text += fmt::format(" ({})", diff.kind);
  if (diff.change == TableChange::Rewritten) return text + ": the same rows";
  if (diff.change == TableChange::Created) return text + ": " + text::plural(*diff.rows_after, "row");
  if (diff.change == TableChange::Dropped) return text + ": " + text::plural(*diff.rows_before, "row");
  return text + fmt::format(": {} rows to {}; {} added, {} removed{}", *diff.rows_before, *diff.rows_after, diff.added,
                            diff.removed,
                            diff.key.empty() ? ", compared as whole rows"
                                             : fmt::format(", {} changed by {}", diff.changed, fmt::join(diff.key, ", ")));
}

void print(Terminal& terminal, const TableDiff& diff) {
  terminal.print(terminal.paint(Color::Bold, heading(diff)));
  for (const ColumnChange& column : diff.columns) {
    if (column.before.empty())
      terminal.print(fmt::format("  + column {} {}", column.column, column.after));
    else if (column.after.empty())
      terminal.print(fmt::format("  - column {} {}", column.column, column.before));
    else
      terminal.print(fmt::format("  ~ column {} {} → {}", column.column, column.before, column.after));
  }
  for (const RowDiff& row : diff.rows) terminal.print(line_of(row));
  const std::int64_t more = diff.added + diff.removed + diff.changed - static_cast<std::int64_t>(diff.rows.size());
  if (more > 0) terminal.print(fmt::format("  … {} more (--limit)", more));
}

// What main did since to what the branch changed: publishing would be refused.
std::vector<TableName> moved_on_main(const Catalog& catalog, const Branch& branch) {
  std::vector<TableName> moved;
  if (branch.parent != "main") return moved;
  std::vector<TableName> changed;
  for (const Entry& entry : catalog.branch_changes(branch.name, &changed)) changed.push_back(entry.table);
  for (const TableName& table : changed) {
    const auto then = catalog.find(at(branch.base_publication), table);
    const auto now = catalog.find("main", table);
    if (then.has_value() != now.has_value() || (then && then->data_version != now->data_version)) moved.push_back(table);
  }
  std::ranges::sort(moved);
  return moved;
}

class DiffCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("BRANCH", options_.branch, "a branch: what it changed", false);
    options.texts("--at", options_.at, "A [B]", "from publication, tag or time A to B; without B, to main as it is now");
    options_.add(options);
  }
  bool wants_json() const override { return options_.output.is_json(); }
  int run(Context& context) override { return show_diff(context, options_); }

 private:
  DiffOptions options_;
};

}  // namespace

void DiffOptions::add(Options& options) {
  options.texts("--table", tables, "TABLE", "only these tables");
  options.number("--limit", limit, "N", "at most N rows of each table are shown; 10 by default");
  output.add(options);
}

int show_diff(Context& context, const DiffOptions& options) {
  const Interrupt interrupt;
  const Project project = open_project(context);
  Lake lake(project, context.clock);
  DiffRequest request = request_for(lake.catalog(), options);
  request.tables = find_tables(lake.catalog(), request, options.tables);
  std::vector<TableDiff> diffs;
  try {
    diffs = diff_lake(lake, request, interrupt.token());
  } catch (const Error&) {
    if (!interrupt.is_requested()) throw;
  }
  if (interrupt.is_requested()) return kExitInterrupted;
  const std::vector<TableName> moved =
      options.branch.empty() ? std::vector<TableName>{} : moved_on_main(lake.catalog(), find_branch(lake.catalog(), options.branch));
  if (options.output.is_json()) {
    Document tables = Document::array();
    for (const TableDiff& diff : diffs) tables.push_back(to_document(diff));
    print_document(context.terminal, {{"before", request.before},
                                      {"after", request.after},
                                      {"tables", std::move(tables)},
                                      {"moved_on_main", to_document(std::span<const TableName>(moved))}});
    return kExitDone;
  }
  if (diffs.empty()) context.terminal.print(fmt::format("{} and {} are the same", request.before, request.after));
  for (const TableDiff& diff : diffs) print(context.terminal, diff);
  for (const TableName& table : moved)
    context.terminal.note(fmt::format("{} changed on main since: the branch can't be published as it is", to_string(table)));
  return kExitDone;
}

CommandKind diff_command() {
  return {.name = "diff",
          .group = "the lake",
          .summary = "what differs between two states of the lake: tables, columns, rows",
          .more =
              "Rows are told apart by the model's key, a `unique` check's columns or the source's key, when those are unique\n"
              "on both sides; else they are compared as wholes. All rows are counted, the first of each table are shown.",
          .examples = {{"diff dev-anna", "what the branch changed"},
                       {"diff --at 16 17", "what publication 17 changed"},
                       {"diff --at year-end-2026", "what main changed since the tag"},
                       {"diff --at 16 --table mart.sales_by_day --limit 100", "one table, more rows"},
                       {"diff dev-anna --output json", "for a program"}},
          .make = make_command<DiffCommand>};
}

}  // namespace lochan
