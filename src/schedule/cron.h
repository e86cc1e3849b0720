// The minutes of a calendar without zones that a line of cron names, found field by field, not by walking.
#pragma once

#include <optional>

#include "base/time_zone.h"
#include "project/cron_fields.h"

namespace lochan {

/// The first such minute at or after `from`; nothing within a hundred years.
std::optional<LocalTime> next_minute(const CronFields& fields, LocalTime from);
/// The last such minute at or before `until`.
std::optional<LocalTime> previous_minute(const CronFields& fields, LocalTime until);

}  // namespace lochan
