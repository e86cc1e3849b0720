// `lochan history`: what was published, by whom and when; `--runs`: what was run.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/run_log.h"
#include "cli/run_report.h"
#include "cli/text_table.h"
#include "run/journal.h"
#include "run/lake.h"

namespace lochan {
namespace {

using Lines = std::vector<std::vector<std::string>>;

constexpr std::int64_t kShown = 20;
constexpr std::size_t kChangesWidth = 60;

/// "2026-11-21 03:46:00": seconds are enough for a person.
std::string at(Instant instant) { return to_string(instant).substr(0, 19); }

class HistoryCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.flag("--runs", runs_, "runs instead of publications: those that failed or had nothing to do too");
    options.number("--run", run_, "N", "one run: its steps and its checks");
    options.number("--limit", limit_, "N", "the newest N (20 by default)");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    const int limit = static_cast<int>(limit_.value_or(kShown));
    if (run_)
      show_run(context.terminal, Journal(lake.state()), *run_);
    else if (runs_)
      show_runs(context.terminal, Journal(lake.state()).runs(limit));
    else
      show_publications(context.terminal, lake.catalog(), limit);
    return kExitDone;
  }

 private:
  void show_publications(Terminal& terminal, const Catalog& catalog, int limit) const {
    Document documents = Document::array();
    Lines lines = {{"number", "at", "run", "author", "message", "changed"}};
    for (const Publication& publication : catalog.publications(limit)) {
      const std::vector<Catalog::Change> changes = catalog.changes(publication.number);
      Document changed = Document::array();
      std::string names;
      for (const Catalog::Change& change : changes) {
        changed.push_back({{"table", to_string(change.table)}, {"change", change.kind}});
        names += (names.empty() ? "" : ", ") + to_string(change.table);
      }
      documents.push_back({{"number", publication.number},
                           {"at", to_iso8601(publication.at)},
                           {"run", publication.run == 0 ? Document() : Document(publication.run)},
                           {"author", publication.author},
                           {"message", publication.message},
                           {"changes", std::move(changed)}});
      const std::string run = publication.run == 0 ? "" : std::to_string(publication.run);
      lines.push_back({std::to_string(publication.number), at(publication.at), run, publication.author,
                       publication.message, truncated(names, kChangesWidth)});
    }
    print(terminal, "publications", std::move(documents), lines, "nothing was published yet: `lochan run`");
  }

  void show_runs(Terminal& terminal, const std::vector<RunRecord>& runs) const {
    Document documents = Document::array();
    Lines lines = {{"run", "started", "took", "state", "author", "publication", "command", "message"}};
    for (const RunRecord& run : runs) {
      documents.push_back(to_document(run));
      const std::string took =
          run.finished_at
              ? text::human_seconds(std::chrono::duration<double>(*run.finished_at - run.started_at).count())
              : "";
      lines.push_back({std::to_string(run.run), at(run.started_at), took, std::string(to_string(run.state)), run.author,
                       run.publication == 0 ? "" : std::to_string(run.publication),
                       run.selection.empty() ? run.command : fmt::format("{} --select {}", run.command, run.selection),
                       run.message});
    }
    print(terminal, "runs", std::move(documents), lines, "nothing was run yet: `lochan run`");
  }

  void show_run(Terminal& terminal, const Journal& journal, std::int64_t number) const {
    const auto run = journal.find(number);
    if (!run)
      throw Error(ErrorKind::NotFound, fmt::format("no run {}", number)).hint("`lochan history --runs` lists those there are");
    const std::vector<StepReport> steps = journal.steps(number);
    const std::vector<CheckResult> checks = journal.checks(number);
    if (output_.is_json()) {
      Document document = to_document(*run);
      for (const StepReport& step : steps) document["steps"].push_back(to_document(step));
      for (const CheckResult& check : checks) document["checks"].push_back(to_document(check));
      return print_document(terminal, std::move(document));
    }
    terminal.print(fmt::format("run {} {}{}", number, to_string(run->state), run->message.empty() ? "" : ": " + run->message));
    if (const auto colon = run->place.find(':'); colon != std::string::npos)
      terminal.print(fmt::format("its log is {} on {}", run_log_file(run->place.substr(colon + 1), number).string(),
                                 run->place.substr(0, colon)));
    Lines lines = {{"step", "state", "took", "waited", "attempts", "read", "written", "rejected", "late", "bytes read", "bytes written"}};
    // Where the rows of a migration came from; those of the lake's tables are in the lake.
    const bool is_migration = run->command == "migrate";
    if (is_migration) lines[0].push_back("lineage");
    for (const StepReport& step : steps) {
      lines.push_back({step.name, std::string(to_string(step.state)), text::human_seconds(step.seconds),
                       text::human_seconds(step.queue_seconds), std::to_string(step.attempts), step.rows_read ? std::to_string(*step.rows_read) : "",
                       std::to_string(step.rows_written), std::to_string(step.rows_rejected), std::to_string(step.rows_late),
                       step.bytes_read ? text::human_bytes(static_cast<std::uint64_t>(*step.bytes_read)) : "",
                       text::human_bytes(static_cast<std::uint64_t>(step.bytes_written))});
      if (is_migration) lines.back().push_back(step.kind == "migrate" ? step.reason : "");
    }
    if (lines.size() > 1) terminal.print(align(lines));
    for (const StepReport& step : steps)
      if (!step.error.empty()) terminal.print(fmt::format("{}: {}", step.name, step.error));
    print_failing_checks(terminal, checks);
  }

  void print(Terminal& terminal, const char* name, Document documents, const Lines& lines, const char* none) const {
    if (output_.is_json())
      print_document(terminal, {{name, std::move(documents)}});
    else
      terminal.print(lines.size() == 1 ? none : align(lines));
  }

  bool runs_ = false;
  std::optional<std::int64_t> run_;
  std::optional<std::int64_t> limit_;
  OutputOption output_;
};

}  // namespace

CommandKind history_command() {
  return {.name = "history",
          .group = "the lake",
          .summary = "list publications, newest first; or runs",
          .more = "",
          .examples = {{"history", "what was published, by whom, and what it changed"},
                       {"history --runs --limit 5", "the last five runs, good or bad"},
                       {"history --run 42", "its steps, why they failed, its checks"},
                       {"history --output json", "for a program"}},
          .make = make_command<HistoryCommand>};
}

}  // namespace lochan
