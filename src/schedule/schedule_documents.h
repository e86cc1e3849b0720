// What is told of schedules as JSON, by the command and by the API.
#pragma once

#include <string>

#include "run/documents.h"
#include "run/ticks.h"
#include "schedule/schedule_control.h"

namespace lochan {

/// "0 3 * * *", "every 10m", "after raw.sale".
std::string when(const ScheduleConfig& config);

Document to_document(const Tick& tick);
Document to_document(const ScheduleStatus& status);

}  // namespace lochan
