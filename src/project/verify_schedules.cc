// Schedules: each has its name to itself, says once when it is due, and names what there is.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/time_zone.h"
#include "project/cron_fields.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void verify_name(const Project& project, const ScheduleConfig& schedule, Problems& problems) {
  const auto first = std::ranges::find(project.schedules, schedule.name, &ScheduleConfig::name);
  if (&*first != &schedule)
    problems.add(schedule.position, fmt::format("there are two schedules `{}`", schedule.name),
                 fmt::format("the other one is {}", to_string(first->position)));
}

void verify_time_zone(const ScheduleConfig& schedule, Problems& problems) {
  const std::string& name = *schedule.timezone;
  if (name.empty()) return;
  if (!schedule.cron)
    problems.add(schedule.timezone.position, fmt::format("`timezone` is for `cron`, and `{}` has none", schedule.name),
                 "remove it");
  if (TimeZone::find(name)) return;
  const std::vector<std::string> names = TimeZone::names();
  problems.add(schedule.timezone.position, fmt::format("no time zone `{}`", name),
               names.empty() ? "this machine has no time zones: install the package `tzdata`"
                             : text::did_you_mean(name, names, "wanted a name of IANA's, such as `Europe/Warsaw`"));
}

void verify_when(const ScheduleConfig& schedule, Problems& problems) {
  const int ways = (schedule.cron ? 1 : 0) + (schedule.every ? 1 : 0) + (schedule.after.empty() ? 0 : 1);
  if (ways != 1)
    problems.add(schedule.position,
                 ways == 0 ? fmt::format("schedule `{}` doesn't say when it is due", schedule.name)
                           : fmt::format("schedule `{}` says in {} ways when it is due", schedule.name, ways),
                 "give one of `cron`, `every` and `after`");
  if (schedule.every && *schedule.every < std::chrono::seconds{1})
    problems.add(schedule.position, fmt::format("`every` of schedule `{}` is 0", schedule.name), "wanted 1s or more");
  if (!schedule.cron) return;
  try {
    read_cron(**schedule.cron);
  } catch (Error& error) {
    problems.add(error.at(schedule.cron->position));
  }
}

// A glob or a method with a glob may match nothing yet; a plain name that is nowhere is a mistake.
bool is_pattern(std::string_view word) { return word.find('*') != std::string_view::npos; }

std::string_view without_depths(std::string_view word) {
  const auto is_depth = [](std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; };
  if (const auto plus = word.find('+'); plus != std::string_view::npos && is_depth(word.substr(0, plus)))
    word.remove_prefix(plus + 1);
  if (const auto plus = word.rfind('+'); plus != std::string_view::npos && is_depth(word.substr(plus + 1)))
    word = word.substr(0, plus);
  return word;
}

template <typename Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

std::vector<std::string> table_names(const Project& project) {
  std::vector<std::string> names;
  for (const TableName& table : all_tables(project)) names.push_back(to_string(table));
  return names;
}

void require(const std::vector<std::string>& names, std::string_view what, std::string_view name, const Position& position,
             Problems& problems) {
  if (is_pattern(name) || std::ranges::find(names, name) != names.end()) return;
  problems.add(position, fmt::format("no {} `{}`", what, name), text::did_you_mean(name, names, fmt::format("see the project's {}s", what)));
}

// `raw.sale` or `sale`; refused records come with their table.
void verify_table_selector(const Project& project, std::string_view word, const Position& position, Problems& problems) {
  if (word.ends_with("__rejected")) word.remove_suffix(std::string_view("__rejected").size());
  std::vector<std::string> names = table_names(project);
  for (const TableName& table : all_tables(project))
    if (table.name == word) return;
  require(names, "table", word, position, problems);
}

void verify_selector(const Project& project, std::string_view text, const Position& position, Problems& problems) {
  const std::string_view word = without_depths(text);
  const auto colon = word.find(':');
  if (colon == std::string_view::npos) return verify_table_selector(project, word, position, problems);
  const std::string_view method = word.substr(0, colon);
  const std::string_view value = word.substr(colon + 1);
  if (method == "source") return require(keys_of(project.sources), "source", value, position, problems);
  if (method == "sink") return require(keys_of(project.sinks), "sink", value, position, problems);
  if (method == "command") return require(keys_of(project.commands), "command", value, position, problems);
  const std::vector<std::string> methods = {"source", "sink", "command", "tag", "layer", "state", "result"};
  if (std::ranges::find(methods, method) == methods.end())
    problems.add(position, fmt::format("`{}:` is no way to select", method),
                 text::did_you_mean(method, methods, "there are tag:, source:, sink:, layer:, state: and result:"));
}

void verify_selectors(const Project& project, const std::vector<LocatedText>& selectors, Problems& problems) {
  for (const LocatedText& selector : selectors)
    for (const std::string& word : text::split(*selector, ' '))
      for (const std::string& part : text::split(word, ','))
        if (const std::string_view trimmed = text::trim(part); !trimmed.empty())
          verify_selector(project, trimmed, selector.position, problems);
}

void verify_after(const Project& project, const LocatedText& name, Problems& problems) {
  constexpr std::string_view kSource = "source:";
  if (name->starts_with(kSource)) {
    const std::string source = name->substr(kSource.size());
    if (!project.sources.contains(source))
      problems.add(name.position, fmt::format("no source `{}`", source),
                   text::did_you_mean(source, keys_of(project.sources), "see the project's sources"));
    return;
  }
  if (const auto table = parse_table_name(*name))
    is_known_table(project, {*table, name.position}, problems);
  else
    problems.add(name.position, fmt::format("`{}` is no table", *name),
                 "write `layer.name`, or `source:NAME` for any table of a source");
}

void verify_what(const Project& project, const ScheduleConfig& schedule, Problems& problems) {
  if (schedule.command == ScheduleCommand::Maintain && !(schedule.select.empty() && schedule.exclude.empty()))
    problems.add((schedule.select.empty() ? schedule.exclude : schedule.select)[0].position,
                 fmt::format("`{}` tends the whole lake: it selects nothing", schedule.name), "remove it, or `command`");
  verify_selectors(project, schedule.select, problems);
  verify_selectors(project, schedule.exclude, problems);
  for (const LocatedText& name : schedule.after) verify_after(project, name, problems);
}

}  // namespace

void verify_schedules(const Project& project, Problems& problems) {
  for (const ScheduleConfig& schedule : project.schedules) {
    verify_name(project, schedule, problems);
    verify_when(schedule, problems);
    verify_time_zone(schedule, problems);
    verify_what(project, schedule, problems);
  }
}

}  // namespace lochan
