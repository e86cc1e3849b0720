// `lochan maintain`: writes tables of too many files anew, and removes what nothing can reach any more.
#include "run/maintain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "project/scalar.h"
#include "run/lake.h"

namespace lochan {
namespace {

/// Warnings and errors for a person; the rest with --verbose.
class NoteLog final : public Log {
 public:
  explicit NoteLog(Terminal& terminal) : terminal_(terminal) {}
  void write(LogLevel level, std::string_view message) noexcept override {
    const bool is_loud = level == LogLevel::Warn || level == LogLevel::Error;
    if (is_loud || terminal_.options().verbose) terminal_.note(fmt::format("{}: {}", to_string(level), message));
  }

 private:
  Terminal& terminal_;
};

class MaintainCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.flag("--dry-run", dry_run_, "only say what would be done");
    options.text("--budget", budget_, "SIZE", "bytes read and written at most by rewriting, such as 1GB");
    options.text("--tick", tick_, "SCHEDULE@TIME", "it is the run of this tick: what `lochan serve` gives to those it starts");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    NoteLog log(context.terminal);
    const MaintainOutcome outcome = maintain(lake, make_request(), log);
    if (output_.is_json())
      print_document(context.terminal, to_document(outcome));
    else
      print(context.terminal, outcome);
    return outcome.has_failed() ? kExitFailed : kExitDone;
  }

 private:
  MaintainRequest make_request() const {
    MaintainRequest request;
    request.dry_run = dry_run_;
    request.budget_bytes = budget();
    request.author = author();
    if (!tick_.empty()) request.tick = parse_tick(tick_);
    return request;
  }

  std::optional<std::uint64_t> budget() const {
    if (budget_.empty()) return std::nullopt;
    if (const auto bytes = parse_size(budget_)) return bytes;
    throw Error(ErrorKind::Usage, fmt::format("`--budget` is `{}`, wanted a size such as `512MB` or `1GB`", budget_));
  }

  void print_compaction(Terminal& terminal, const CompactionOutcome& compaction) const {
    if (dry_run_ || terminal.options().verbose)
      for (const CompactedTable& table : compaction.tables)
        terminal.print(fmt::format("{} {}: {} files into {}", dry_run_ ? "would rewrite" : "rewrote",
                                   to_string(table.table), table.files_before, table.files_after));
    for (const SkippedTable& skipped : compaction.skipped)
      if (skipped.is_error || terminal.options().verbose)
        terminal.print(fmt::format("{} was not rewritten: {}", to_string(skipped.table), skipped.reason));
    if (compaction.tables.empty() && compaction.skipped.empty()) return;
    std::string line = fmt::format("{} {}, {} read, {} written", dry_run_ ? "would rewrite" : "rewrote",
                                   text::plural(static_cast<std::int64_t>(compaction.tables.size()), "table"),
                                   text::human_bytes(compaction.read_bytes), text::human_bytes(compaction.written_bytes));
    std::map<std::string, int> reasons;
    for (const SkippedTable& skipped : compaction.skipped) ++reasons[skipped.is_error ? "an error" : skipped.reason];
    for (const auto& [reason, count] : reasons) line += fmt::format(", skipped {}: {}", count, reason);
    terminal.print(line);
  }

  void print_lifecycle(Terminal& terminal, const LifecycleOutcome& lifecycle) const {
    for (const AgedTable& table : lifecycle.tables) {
      const auto say = [&](std::string_view done, const std::vector<std::string>& days) {
        if (days.empty()) return;
        terminal.print(fmt::format("{}{} {} of {}: {} to {}", dry_run_ ? "would have " : "", done,
                                   text::plural(static_cast<std::int64_t>(days.size()), "day"), to_string(table.table),
                                   *std::ranges::min_element(days), *std::ranges::max_element(days)));
      };
      say("archived", table.archived);
      say("deleted", table.deleted);
    }
    for (const SkippedTable& skipped : lifecycle.skipped)
      terminal.print(fmt::format("{} was not aged: {}", to_string(skipped.table), skipped.reason));
  }

  void print(Terminal& terminal, const MaintainOutcome& outcome) const {
    print_lifecycle(terminal, outcome.lifecycle);
    print_compaction(terminal, outcome.compaction);
    if (dry_run_ || terminal.options().verbose)
      for (const std::string& file : outcome.removed_files) terminal.print(file);
    terminal.print(
        fmt::format("{} {} ({}), {} expired, {} dropped", dry_run_ ? "would remove" : "removed",
                    text::plural(static_cast<std::int64_t>(outcome.removed_files.size()), "file"),
                    text::human_bytes(outcome.removed_bytes), text::plural(outcome.expired_publications, "publication"),
                    outcome.dropped_branches == 1 ? "1 branch" : fmt::format("{} branches", outcome.dropped_branches)));
    for (const PinnedPast& past : outcome.pinned)
      terminal.print(fmt::format("{} (publication {}, since {}) keeps {} ({}) beyond retention: lochan {} drop {}", past.by,
                                 past.publication, to_string(past.since).substr(0, 19), text::plural(past.files, "file"),
                                 text::human_bytes(past.bytes), past.by.substr(0, past.by.find(' ')),
                                 past.by.substr(past.by.find(' ') + 1)));
    for (const TableName& table : outcome.busy)
      terminal.print(fmt::format("nothing removed, as a run is writing it: {}", to_string(table)));
  }

  bool dry_run_ = false;
  std::string tick_;
  std::string budget_;
  OutputOption output_;
};

}  // namespace

CommandKind maintain_command() {
  return {.name = "maintain",
          .group = "the lake",
          .summary = "join small files, and remove what nothing can reach any more",
          .more =
              "Tables of many small files or deleted rows are written anew, the most rewarding first; that makes nothing\n"
              "stale. Days that are older than their layer keeps go to the archive, or away. Publications and branches of\n"
              "failed runs go when they are older than `retention` in lochan.yaml says; then the files that no\n"
              "publication, branch or running reader can reach. It gives way to runs.",
          .examples = {{"maintain --dry-run", "what would be done"},
                       {"maintain", "do it"},
                       {"maintain --budget 1GB", "reading and writing no more than that"}},
          .make = make_command<MaintainCommand>};
}

}  // namespace lochan
