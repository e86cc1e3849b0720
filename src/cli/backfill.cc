// `lochan backfill`: builds a range of intervals again, in chunks that are published one by one.
#include "schedule/backfill.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/run_progress.h"
#include "cli/run_report.h"
#include "cli/text_table.h"
#include "project/scalar.h"

namespace lochan {
namespace {

std::string chunks_text(std::size_t count) { return text::plural(static_cast<std::int64_t>(count), "chunk"); }

Document to_document(const BackfillPlan& plan, bool counted) {
  Document chunks = Document::array();
  for (const BackfillChunk& chunk : plan.chunks) {
    Document document = {
        {"from", to_iso8601(chunk.range.from)}, {"until", to_iso8601(chunk.range.until)}, {"built", chunk.is_built}};
    if (counted) document["input_rows"] = chunk.rows;
    chunks.push_back(std::move(document));
  }
  return {{"backfill", plan.record.backfill == 0 ? Document() : Document(plan.record.backfill)},
          {"tables", lochan::to_document(std::span(plan.record.tables))},
          {"from", to_iso8601(plan.record.range.from)},
          {"until", to_iso8601(plan.record.range.until)},
          {"chunks", std::move(chunks)}};
}

class BackfillCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.arguments("SELECT", select_, "incremental models by time, by name or selector");
    options.texts("--exclude", exclude_, "SELECTOR", "without these");
    options.text("--start", start_, "TIME", "the first interval: 2024-01-01, or 2024-01-01 05:00 (UTC)");
    options.text("--end", end_, "TIME", "the last one, itself included");
    options.text("--chunk", chunk_, "DURATION", "built and published at once, in whole intervals; 30d by default");
    options.flag("--resume", resume_, "go on with the last one that was stopped");
    options.flag("--dry-run", dry_run_, "only show the chunks, and how many rows their inputs have");
    options.text("--branch", branch_, "BRANCH", "publish to this branch, not to main");
    options.flag("--no-wait", no_wait_, "fail at once when another run is writing the same tables");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    const BackfillRequest request = make_request();
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    BackfillPlan plan = plan_backfill(lake, request, dry_run_);
    if (dry_run_) return show(context.terminal, plan);
    if (!output_.is_json()) print_begin(context.terminal, plan);
    RunProgress progress(context, lake.home(), output_.is_json());
    const auto told = [&](const BackfillPlan& now, std::size_t chunk, const RunOutcome& outcome) {
      if (!output_.is_json()) print_chunk(context.terminal, now, chunk, outcome);
    };
    const BackfillOutcome outcome = run_backfill(lake, request, std::move(plan), progress, interrupt.token(), told);
    progress.finish();
    print_end(context.terminal, outcome);
    return exit_code(outcome.state);
  }

 private:
  static Instant read_time(const std::string& text, const std::string& option) {
    const auto time = parse_time(text);
    if (!time)
      throw Error(ErrorKind::Usage, fmt::format("`{}` is `{}`, wanted a time", option, text))
          .hint("write it as 2024-01-31, or \"2024-01-31 05:00\" (UTC)");
    return *time;
  }

  BackfillRequest make_request() const {
    BackfillRequest request;
    request.resume = resume_;
    request.author = author();
    request.wait = !no_wait_;
    if (resume_) {
      if (!select_.empty() || !exclude_.empty() || !start_.empty() || !end_.empty() || !chunk_.empty())
        throw Error(ErrorKind::Usage, "`--resume` goes on with what was asked for before")
            .hint("leave the other options out");
      return request;
    }
    if (select_.empty() || start_.empty() || end_.empty())
      throw Error(ErrorKind::Usage, "a backfill wants models, `--start` and `--end`")
          .hint("lochan backfill mart.sales_by_day --start 2024-01-01 --end 2024-01-31, or --resume");
    request.select = select_;
    request.exclude = exclude_;
    request.target = branch_;
    request.range = {read_time(start_, "--start"), read_time(end_, "--end")};
    if (request.range.until < request.range.from)
      throw Error(ErrorKind::Usage, fmt::format("`--end` {} is before `--start` {}", end_, start_));
    // A date is the whole day, a time the interval that it lies in.
    request.range.until += text::trim(end_).find_first_of(" T") == std::string_view::npos
                               ? std::chrono::microseconds{std::chrono::days{1}}
                               : std::chrono::microseconds{1};
    if (!chunk_.empty()) request.chunk = read_chunk();
    return request;
  }

  std::chrono::seconds read_chunk() const {
    const auto duration = parse_duration(chunk_);
    if (!duration || *duration < std::chrono::seconds{1})
      throw Error(ErrorKind::Usage, fmt::format("`--chunk` is `{}`, wanted a duration", chunk_))
          .hint("such as 12h, 30d or 8w");
    return std::chrono::floor<std::chrono::seconds>(*duration);
  }

  int show(Terminal& terminal, const BackfillPlan& plan) const {
    if (output_.is_json()) {
      print_document(terminal, to_document(plan, true));
      return kExitDone;
    }
    print_begin(terminal, plan);
    std::vector<std::vector<std::string>> lines = {{"chunk", "intervals", "rows of inputs", "state"}};
    for (std::size_t i = 0; i < plan.chunks.size(); ++i)
      lines.push_back({std::to_string(i + 1), plan.chunks[i].text, std::to_string(plan.chunks[i].rows),
                       plan.chunks[i].is_built ? "built" : "to build"});
    terminal.print(align(lines));
    return kExitDone;
  }

  static void print_begin(Terminal& terminal, const BackfillPlan& plan) {
    std::vector<std::string> names;
    for (const TableName& table : plan.record.tables) names.push_back(to_string(table));
    terminal.print(fmt::format(
        "{} of {}: {} in {}{}",
        plan.record.backfill == 0 ? "backfill" : fmt::format("backfill {}", plan.record.backfill),
        fmt::join(names, ", "), show_intervals(plan.record.range, plan.interval), chunks_text(plan.chunks.size()),
        plan.record.backfill == 0 ? "" : fmt::format(", {} of them built before", plan.built())));
  }

  static void print_chunk(Terminal& terminal, const BackfillPlan& plan, std::size_t chunk, const RunOutcome& outcome) {
    if (outcome.state != RunState::Succeeded) print_outcome(terminal, outcome, {});
    std::string rows;
    for (const StepReport& step : outcome.steps)
      if (step.state == StepState::Built)
        rows += fmt::format(", {} of {}", text::plural(step.rows_written, "row"), step.name);
    if (outcome.state == RunState::Succeeded)
      terminal.print(fmt::format("chunk {} of {}: {}{}", chunk + 1, plan.chunks.size(), plan.chunks[chunk].text,
                                 rows.empty() ? ", as it was" : rows));
  }

  void print_end(Terminal& terminal, const BackfillOutcome& outcome) const {
    const BackfillPlan& plan = outcome.plan;
    if (output_.is_json()) {
      Document document = to_document(plan, false);
      document["state"] = to_string(outcome.state);
      return print_document(terminal, std::move(document));
    }
    if (plan.built() == plan.chunks.size())
      return terminal.print(terminal.paint(
          Color::Green, fmt::format("backfill {} is done: {}", plan.record.backfill, chunks_text(plan.chunks.size()))));
    terminal.print(terminal.paint(
        Color::Yellow, fmt::format("backfill {} stopped: {} of {} are built and published", plan.record.backfill,
                                   plan.built(), chunks_text(plan.chunks.size()))));
    terminal.print("go on with it: lochan backfill --resume");
  }

  std::vector<std::string> select_;
  std::vector<std::string> exclude_;
  std::string start_, end_, chunk_;
  std::string branch_ = "main";
  bool resume_ = false;
  bool dry_run_ = false;
  bool no_wait_ = false;
  OutputOption output_;
};

}  // namespace

CommandKind backfill_command() {
  return {.name = "backfill",
          .group = "runs",
          .summary = "build intervals of incremental models by time again",
          .more =
              "Each chunk is a run of its own: built, audited and published by itself. One that was stopped (Ctrl-C, a "
              "kill, a "
              "failed\n"
              "check) goes on where it was with `--resume`, or when the same is asked for again. The models' other "
              "intervals,\n"
              "sources and other tables are left alone. Exit codes as of `run`.",
          .examples = {{"backfill mart.sales_by_day --start 2024-01-01 --end 2024-03-31", "a quarter"},
                       {"backfill tag:daily --start 2020-01-01 --end 2023-12-31 --chunk 90d --dry-run", "only look"},
                       {"backfill --resume", "go on with the last one"}},
          .make = make_command<BackfillCommand>};
}

}  // namespace lochan
