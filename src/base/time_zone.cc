#include "base/time_zone.h"

#include <absl/time/civil_time.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/text.h"

namespace lochan {
namespace {

using std::chrono::seconds;

absl::Time to_absl(Instant at) { return absl::FromUnixMicros(to_micros(at)); }
Instant from_absl(absl::Time at) { return instant_from_micros(absl::ToUnixMicros(at)); }

const absl::CivilSecond kEpoch{1970, 1, 1, 0, 0, 0};

LocalTime to_local(absl::CivilSecond civil) { return LocalTime{seconds{civil - kEpoch}}; }
absl::CivilSecond to_civil(LocalTime local) { return kEpoch + local.time_since_epoch().count(); }

// A path would be opened as one.
bool is_zone_name(std::string_view name) {
  return !name.starts_with('/') && !name.starts_with(':') && name.find("..") == std::string_view::npos &&
         std::ranges::all_of(name, [](unsigned char letter) {
           return std::isalnum(letter) != 0 || letter == '/' || letter == '_' || letter == '-' || letter == '+';
         });
}

}  // namespace

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (name.empty()) return TimeZone(absl::UTCTimeZone());
  absl::TimeZone zone;
  if (!is_zone_name(name) || name == "localtime" || !absl::LoadTimeZone(std::string(name), &zone)) return std::nullopt;
  return TimeZone(zone);
}

std::vector<std::string> TimeZone::names() {
  const char* folder = std::getenv("TZDIR");
  std::ifstream table(std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + "/zone.tab");
  std::vector<std::string> names;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    const std::vector<std::string> columns = text::split(line, '\t');
    if (columns.size() >= 3) names.push_back(columns[2]);
  }
  if (!names.empty()) names.emplace_back("UTC");
  return names;
}

LocalTime TimeZone::local(Instant at) const { return to_local(zone_.At(to_absl(at)).cs); }

Instant TimeZone::instant(LocalTime local) const {
  const absl::TimeZone::TimeInfo info = zone_.At(to_civil(local));
  return from_absl(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre);
}

TimeZone::Jump TimeZone::jump(absl::TimeZone zone, const absl::TimeZone::CivilTransition& transition) {
  return {from_absl(zone.At(transition.to).trans), to_local(transition.from), to_local(transition.to)};
}

std::optional<TimeZone::Jump> TimeZone::next_jump(Instant after) const {
  absl::TimeZone::CivilTransition transition;
  if (!zone_.NextTransition(to_absl(after), &transition)) return std::nullopt;
  return jump(zone_, transition);
}

std::optional<TimeZone::Jump> TimeZone::last_jump(Instant until) const {
  absl::TimeZone::CivilTransition transition;
  if (!zone_.PrevTransition(to_absl(until) + absl::Nanoseconds(1), &transition)) return std::nullopt;
  return jump(zone_, transition);
}

std::string TimeZone::show(Instant at) const {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S %Z", to_absl(at), zone_);
}

}  // namespace lochan
