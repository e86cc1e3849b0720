// `lochan publish`: a person's branch becomes main, at once.
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
#include "cli/run_progress.h"
#include "cli/run_report.h"
#include "run/lake.h"
#include "run/run.h"

namespace lochan {
namespace {

std::string property(const Entry& entry, const std::string& name) {
  const auto found = entry.properties.find(name);
  return found == entry.properties.end() ? "" : found->second;
}

PublishRequest request_for(const Catalog& catalog, const Branch& branch) {
  PublishRequest request;
  request.branch = branch.name;
  request.author = author();
  request.message = "publish " + branch.name;
  for (const Entry& entry : catalog.branch_changes(branch.name, &request.dropped)) {
    if (entry.kind == EntryKind::View)
      request.views.push_back(
          {entry.table, property(entry, "lochan.sql"), entry.columns, entry.data_version, entry.properties});
    else
      request.tables.push_back({entry.table, {}});
  }
  return request;
}

std::vector<TableName> tables_of(const PublishRequest& request) {
  std::vector<TableName> tables = request.dropped;
  for (const PublishTable& table : request.tables) tables.push_back(table.table);
  for (const PublishView& view : request.views) tables.push_back(view.table);
  std::ranges::sort(tables);
  return tables;
}

class BranchPublish {
 public:
  BranchPublish(const std::string& branch, bool force, const OutputOption& output)
      : branch_(branch), force_(force), output_(output) {}

  int run(Context& context) const {
    const Interrupt interrupt;
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    const Branch branch = find_branch(lake.catalog(), branch_);
    if (branch.kind == BranchKind::Run)
      throw Error(ErrorKind::Usage,
                  fmt::format("`{}` belongs to a run, which publishes what passes its audits by itself", branch.name))
          .hint("mend the data or the model, or make the check a warning (`severity: warn`), then `lochan run`");
    const PublishRequest request = request_for(lake.catalog(), branch);
    const std::vector<TableName> tables = tables_of(request);
    if (tables.empty()) {
      print(context.terminal, {}, tables);
      return kExitDone;
    }
    if (!force_ && !audit(context, lake, branch, tables, interrupt))
      return interrupt.is_requested() ? kExitInterrupted : kExitFailed;
    const PublishOutcome outcome = lake.catalog().publish(request);
    if (!outcome.published) return tell_conflicts(context.terminal, lake.catalog(), branch, outcome.conflicts);
    print(context.terminal, outcome.publication, tables);
    return kExitDone;
  }

 private:
  /// Which tables, who published them since, and what can be done.
  int tell_conflicts(Terminal& terminal, const Catalog& catalog, const Branch& branch,
                     const std::vector<TableName>& conflicts) const {
    std::vector<std::string> changes;
    Document documents = Document::array();
    for (const TableName& table : conflicts) {
      const auto last = catalog.last_change(table);
      documents.push_back({{"table", to_string(table)}});
      changes.push_back(fmt::format("`{}`", to_string(table)));
      if (!last) continue;
      documents.back()["publication"] = last->number;
      documents.back()["run"] = last->run == 0 ? Document() : Document(last->run);
      documents.back()["author"] = last->author;
      documents.back()["message"] = last->message;
      documents.back()["at"] = to_iso8601(last->at);
      changes.back() += fmt::format(" (publication {}: {}{} by {}, {})", last->number, last->message,
                                    last->run == 0 ? "" : fmt::format(" {}", last->run), last->author,
                                    to_string(last->at).substr(0, 19));
    }
    const Error error =
        Error(ErrorKind::Conflict, fmt::format("since `{}` was made at publication {}, main changed {}", branch.name,
                                               branch.base_publication, fmt::join(changes, ", ")))
            .hint(fmt::format("look at both: lochan diff {0}, lochan diff --at {1}; then make the branch anew: lochan branch "
                              "drop {0}, lochan branch create {0}, lochan run --branch {0}",
                              branch.name, branch.base_publication));
    if (!output_.is_json()) throw error;
    print_document(terminal, {{"publication", nullptr},
                              {"published", Document::array()},
                              {"conflicts", std::move(documents)}});
    terminal.note(fmt::format("nothing was published: {}\n  hint: {}", error.message(), error.hint()));
    return kExitFailed;
  }

  /// A table with history has a check of its own.
  static bool has_history(const Project& project, const TableName& table) {
    const auto model = project.models.find(table);
    return model != project.models.end() && model->second.materialized == Materialization::Scd2;
  }

  /// The checks of what the branch changed, as the branch is now: what a run audited may have been built over since.
  bool audit(Context& context, Lake& lake, const Branch& branch, const std::vector<TableName>& tables,
             const Interrupt& interrupt) const {
    std::vector<std::string> select;
    for (const TableName& table : tables)
      if (lake.project().checks.contains(table) || has_history(lake.project(), table)) select.push_back(to_string(table));
    if (select.empty()) return true;
    RunProgress progress(context, lake.home(), true);
    std::vector<CheckResult> failed = check_tables(lake, branch.name, select, {}, progress, interrupt.token());
    progress.finish();
    if (interrupt.is_requested()) return false;
    std::erase_if(failed,
                  [](const CheckResult& result) { return result.passed() || result.severity == Severity::Warn; });
    if (failed.empty()) return true;
    if (output_.is_json()) {
      Document checks = Document::array();
      for (const CheckResult& result : failed) checks.push_back(to_document(result));
      print_document(context.terminal,
                     {{"publication", nullptr}, {"published", Document::array()}, {"checks", std::move(checks)}});
    } else {
      print_failing_checks(context.terminal, failed);
    }
    context.terminal.note(
        fmt::format("nothing was published: {} failed\n  hint: mend it and `lochan run --branch {}`, or `lochan "
                    "publish {} --force`",
                    text::plural(static_cast<std::int64_t>(failed.size()), "check"), branch.name, branch.name));
    return false;
  }

  void print(Terminal& terminal, std::optional<std::int64_t> publication, const std::vector<TableName>& tables) const {
    if (output_.is_json()) {
      print_document(terminal, {{"publication", publication ? Document(*publication) : Document()},
                                {"published", to_document(std::span(tables))}});
    } else if (!publication) {
      terminal.print("nothing to publish: the branch changed no table");
    } else {
      terminal.print(fmt::format("published {} as publication {}",
                                 text::plural(static_cast<std::int64_t>(tables.size()), "table"), *publication));
      for (const TableName& table : tables) terminal.print("  " + to_string(table));
    }
  }

  const std::string& branch_;
  const bool force_;
  const OutputOption& output_;
};

class PublishCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("BRANCH", branch_, "a named branch: dev-anna", true);
    options.flag("--force", force_, "though checks of severity `error` fail on it");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override { return publish_branch(context, branch_, force_, output_); }

 private:
  std::string branch_;
  bool force_ = false;
  OutputOption output_;
};

}  // namespace

int publish_branch(Context& context, const std::string& branch, bool force, const OutputOption& output) {
  return BranchPublish(branch, force, output).run(context);
}

CommandKind publish_command() {
  return {.name = "publish",
          .group = "the lake",
          .summary = "publish a named branch: main moves to it at once",
          .more =
              "The checks of what the branch changed are run first. When main's tables moved since the branch was "
              "made, nothing is\n"
              "published and the tables are named.",
          .examples = {{"publish dev-anna", "what was built with `lochan run --branch dev-anna`"},
                       {"publish dev-anna --force", "though a check fails"}},
          .make = make_command<PublishCommand>};
}

}  // namespace lochan
