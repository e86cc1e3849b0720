// A time zone by its IANA name, as the machine's zoneinfo has it: what its clocks show, and when they jump.
#pragma once

#include <absl/time/time.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lochan {

/// What the clocks of a zone show.
using LocalTime = std::chrono::local_time<std::chrono::seconds>;

/// A value; may be shared between threads.
class TimeZone {
 public:
  /// Nothing for a name that the machine's zoneinfo doesn't have; "" is UTC.
  static std::optional<TimeZone> find(std::string_view name);
  /// Those there are, for who misspelt one; empty when the machine has no zoneinfo.
  static std::vector<std::string> names();

  LocalTime local(Instant at) const;
  /// When the clocks show this: the first time of two; for one they skip, the moment they jump.
  Instant instant(LocalTime local) const;

  /// The moment the clocks jump, what they would have shown, and what they show.
  struct Jump {
    Instant at;
    LocalTime from;
    LocalTime to;
  };
  std::optional<Jump> next_jump(Instant after) const;
  std::optional<Jump> last_jump(Instant until) const;  // at or before

  /// "2026-11-21 03:46:00 CET"
  std::string show(Instant at) const;

 private:
  explicit TimeZone(absl::TimeZone zone) : zone_(zone) {}
  static Jump jump(absl::TimeZone zone, const absl::TimeZone::CivilTransition& transition);

  absl::TimeZone zone_;
};

}  // namespace lochan
