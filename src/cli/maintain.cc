// `lochan maintain`: removes what nothing can reach any more.
#include "run/maintain.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
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
    options.flag("--dry-run", dry_run_, "only say what would be removed");
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
    return kExitDone;
  }

 private:
  MaintainRequest make_request() const {
    MaintainRequest request;
    request.dry_run = dry_run_;
    if (!tick_.empty()) request.tick = parse_tick(tick_);
    return request;
  }

  void print(Terminal& terminal, const MaintainOutcome& outcome) const {
    if (dry_run_ || terminal.options().verbose)
      for (const std::string& file : outcome.removed_files) terminal.print(file);
    terminal.print(
        fmt::format("{} {} ({}), {} expired, {} dropped", dry_run_ ? "would remove" : "removed",
                    text::plural(static_cast<std::int64_t>(outcome.removed_files.size()), "file"),
                    text::human_bytes(outcome.removed_bytes), text::plural(outcome.expired_publications, "publication"),
                    outcome.dropped_branches == 1 ? "1 branch" : fmt::format("{} branches", outcome.dropped_branches)));
    for (const TableName& table : outcome.busy)
      terminal.print(fmt::format("left alone, as a run is writing it: {}", to_string(table)));
  }

  bool dry_run_ = false;
  std::string tick_;
  OutputOption output_;
};

}  // namespace

CommandKind maintain_command() {
  return {.name = "maintain",
          .group = "the lake",
          .summary = "remove what nothing can reach any more",
          .more =
              "Publications and branches of failed runs go when they are older than `retention` in lochan.yaml says; "
              "then the\n"
              "files that no publication, branch or running reader can reach. It gives way to runs.",
          .examples = {{"maintain --dry-run", "what would be removed"}, {"maintain", "remove it"}},
          .make = make_command<MaintainCommand>};
}

}  // namespace lochan
