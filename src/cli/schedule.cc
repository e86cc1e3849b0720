// `lochan schedule`: when schedules are due, how they went, and what people have to say to them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "project/scalar.h"
#include "run/lake.h"
#include "schedule/schedule_control.h"
#include "schedule/schedule_documents.h"

namespace lochan {
namespace {

using Lines = std::vector<std::vector<std::string>>;

constexpr std::int64_t kShown = 20;
constexpr std::size_t kReasonWidth = 80;

// What is held ends with the command that lets it go on.
std::string reason_text(const Tick& tick) {
  return tick.state == TickState::Held ? tick.reason : truncated(tick.reason, kReasonWidth);
}

std::string state_text(const Tick& tick) {
  return tick.run == 0 ? std::string(to_string(tick.state)) : fmt::format("{} (run {})", to_string(tick.state), tick.run);
}

class ScheduleCommandLine final : public Command {
 public:
  void add_options(Options& options) override {
    output_.add(options);
    options.command("list", "when each is due next, and how the last one went (so without a word too)", list_);
    Options ticks = options.command("ticks", "the times that came, newest first, and what became of each", ticks_);
    ticks.argument("NAME", name_, "of this schedule; of all by default", false);
    ticks.number("--limit", limit_, "N", "the newest N (20 by default)");
    add_named(options, "pause", "start nothing of it until it is resumed", pause_);
    add_named(options, "resume", "start it again when it is due, whatever lochan.yaml says of `paused`", resume_);
    add_named(options, "release", "let what it holds begin, whatever failed before", release_);
    add_named(options, "trigger", "now, once", trigger_);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    ScheduleControl control(lake);
    if (ticks_) {
      show_ticks(context.terminal, lake);
    } else if (pause_ || resume_) {
      control.pause(name_, pause_);
      say(context.terminal, {{"schedule", name_}, {"paused", pause_}}, name_ + (pause_ ? " is paused" : " goes on"));
    } else if (release_) {
      control.release(name_);
      say(context.terminal, {{"schedule", name_}, {"released", true}}, name_ + " is released: what it held begins");
    } else if (trigger_) {
      trigger(context.terminal, lake, control);
    } else {
      show_list(context.terminal, control);
    }
    return kExitDone;
  }

 private:
  void add_named(Options& options, const std::string& word, const std::string& help, bool& chosen) {
    options.command(word, help, chosen).argument("NAME", name_, "a schedule of lochan.yaml", true);
  }

  void say(Terminal& terminal, Document document, const std::string& text) const {
    if (output_.is_json())
      print_document(terminal, std::move(document));
    else
      terminal.print(text);
  }

  void trigger(Terminal& terminal, const Lake& lake, ScheduleControl& control) const {
    const Tick tick = control.trigger(name_);
    const bool is_served = FileLock::is_held(lake.home() / "schedule.lock");
    say(terminal, to_document(tick),
        fmt::format("tick {}{}", to_string(tick.key), is_served ? "" : ": it waits for `lochan serve`, which doesn't run"));
  }

  void show_list(Terminal& terminal, const ScheduleControl& control) const {
    Document documents = Document::array();
    Lines lines = {{"schedule", "when", "next", "last", "state", "reason"}};
    for (const ScheduleStatus& status : control.list()) {
      documents.push_back(to_document(status));
      const Tick* tick = status.last ? &*status.last : nullptr;
      for (const Tick& open : status.open)
        if (open.state != TickState::Due) tick = &open;
      const std::string at = tick == nullptr ? "" : to_string(tick->key.due_at).substr(0, 19);
      lines.push_back({status.config->name, when(*status.config), status.is_paused ? "paused" : status.next_text, at,
                       tick == nullptr ? "" : state_text(*tick), tick == nullptr ? "" : reason_text(*tick)});
    }
    if (output_.is_json()) return print_document(terminal, {{"schedules", std::move(documents)}});
    terminal.print(lines.size() == 1 ? "no schedules: add some to lochan.yaml, below `schedules:`" : align(lines));
  }

  void show_ticks(Terminal& terminal, Lake& lake) const {
    Document documents = Document::array();
    Lines lines = {{"schedule", "due", "state", "late", "reason"}};
    for (const Tick& tick : Ticks(lake.state()).newest(name_, static_cast<int>(limit_.value_or(kShown)))) {
      documents.push_back(to_document(tick));
      lines.push_back({tick.key.schedule, to_string(tick.key.due_at).substr(0, 19), state_text(tick),
                       tick.late_at ? "late" : "", reason_text(tick)});
    }
    if (output_.is_json()) return print_document(terminal, {{"ticks", std::move(documents)}});
    terminal.print(lines.size() == 1 ? "no tick yet: `lochan serve` makes them" : align(lines));
  }

  std::string name_;
  std::optional<std::int64_t> limit_;
  bool list_ = false;
  bool ticks_ = false;
  bool pause_ = false;
  bool resume_ = false;
  bool release_ = false;
  bool trigger_ = false;
  OutputOption output_;
};

}  // namespace

CommandKind schedule_command() {
  return {.name = "schedule",
          .group = "runs",
          .summary = "when schedules are due and how they went; pause, resume, release, trigger",
          .more =
              "`lochan serve` starts what `schedules` in lochan.yaml say. Each time that comes is a tick: it ends as "
              "succeeded,\n"
              "failed, cancelled, skipped or missed, and says why. Times are shown in UTC, the next one in the schedule's "
              "zone.",
          .examples = {{"schedule", "when each is due next, and how the last one went"},
                       {"schedule ticks shops --limit 5", "the last five times of one"},
                       {"schedule pause shops", "until `lochan schedule resume shops`"},
                       {"schedule release golden", "what failed before it was looked at: go on"},
                       {"schedule trigger shops", "now, once"}},
          .make = make_command<ScheduleCommandLine>};
}

}  // namespace lochan
