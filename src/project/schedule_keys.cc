// The keys of `schedules` in lochan.yaml.
#include "project/file_keys.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

void read_wait_for(ValueReader& reader, const YamlValue& value, ScheduleConfig& schedule) {
  const ValueType type{.shape = Shape::Choice, .choices = {"manual"}};
  schedule.wait_for_manual = reader.read_scalar(value, "wait_for", type).has_value();
}

Keys<ScheduleConfig> make_schedule_keys() {
  Keys<ScheduleConfig> keys("schedule", "A schedule, in `schedules`",
                            "What `lochan serve` starts by itself, and when: exactly one of `cron`, `every` and `after` is "
                            "given. See docs/schedules.md.");
  keys.add("name", &ScheduleConfig::name, "the schedule's name", {.shape = Shape::Word, .is_required = true})
      .add("command", &ScheduleConfig::command, "what is started: a run, or tending the lake")
      .add("select", &ScheduleConfig::select, "selectors of what is run, as in `--select`; by default everything")
      .add("exclude", &ScheduleConfig::exclude, "selectors of what is left out")
      .add("cron", &ScheduleConfig::cron,
           "when it is due: minute, hour, day of the month, month, day of the week; or `@hourly`, `@daily`, `@weekly`, "
           "`@monthly`, `@yearly`, `@every 30s`",
           {.is_no_secret = true})
      .add("every", &ScheduleConfig::every, "due every so often, counted from 1970-01-01 in UTC",
           {.is_no_secret = true})
      .add("after", &ScheduleConfig::after,
           "tables: due when each of them was published again; `source:NAME`: when any table of that source was")
      .add("timezone", &ScheduleConfig::timezone, "the time zone of `cron`, such as `Europe/Warsaw`",
           {.default_text = "UTC", .is_no_secret = true})
      .add("catch_up", &ScheduleConfig::catch_up,
           "which of the times are made up for at which nothing served: none, the last, or all of them")
      .add("while_running", &ScheduleConfig::while_running,
           "when it is due while its last run still goes on: wait for that run, or skip this one")
      .add("paused", &ScheduleConfig::paused, "it rests; `lochan schedule pause` and `resume` say otherwise");
  keys.add({.name = "wait_for",
            .type = {.shape = Shape::Choice, .choices = {"manual"}},
            .help = "`manual`: when what ran before it failed, it holds until a person restarts that"},
           read_wait_for);
  keys.add("late_after", &ScheduleConfig::late_after, "late when it isn't done so long after it was due")
      .add("timeout", &ScheduleConfig::timeout, "of the whole run, which is then stopped");
  return keys;
}

}  // namespace

const Keys<ScheduleConfig>& schedule_keys() {
  static const Keys<ScheduleConfig> kKeys = make_schedule_keys();
  return kKeys;
}

Key schedules_key() {
  return {.name = "schedules",
          .type = {.shape = Shape::Mapping, .count = Count::List, .keys = &schedule_keys().table()},
          .help = "what `lochan serve` starts by itself, and when"};
}

void read_schedules(ValueReader& reader, const YamlValue& value, Project& project) {
  if (value.kind != YamlValue::Kind::List) return reader.add_wrong_type(value, "schedules", schedules_key().type);
  for (const YamlValue& item : value.items) {
    ScheduleConfig schedule;
    schedule.position = item.position;
    const std::size_t before = reader.problems().size();
    schedule_keys().read(reader, item, schedule);
    // Which keys go together can't be said of keys that could not be read.
    if (reader.problems().size() == before) project.schedules.push_back(std::move(schedule));
  }
}

}  // namespace lochan
