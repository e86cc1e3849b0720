// `/api/schedules`: when they are due, how the last ones went, and what people have to say to them.
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "schedule/schedule_control.h"
#include "schedule/schedule_documents.h"
#include "serve/json_response.h"
#include "serve/routes.h"

namespace lochan {
namespace {

const std::string& schedule_of(const RouteCall& call) {
  const std::string& name = call.names.at("schedule");
  const auto& schedules = call.served.project().schedules;
  if (std::ranges::find(schedules, name, &ScheduleConfig::name) == schedules.end())
    throw Error(ErrorKind::NotFound, fmt::format("there is no schedule `{}`", name));
  return name;
}

HttpResponse pause(const RouteCall& call, bool is_paused) {
  const std::string& name = schedule_of(call);
  ScheduleControl(call.served.lake()).pause(name, is_paused);
  call.parts.wake();
  return json_response({{"schedule", name}, {"paused", is_paused}});
}

}  // namespace

HttpResponse list_schedules(const RouteCall& call) {
  Document list = Document::array();
  for (const ScheduleStatus& status : ScheduleControl(call.served.lake()).list()) list.push_back(to_document(status));
  return json_response({{"schedules", std::move(list)}}, 200, &call.parts.secrets);
}

HttpResponse pause_schedule(const RouteCall& call) { return pause(call, true); }
HttpResponse resume_schedule(const RouteCall& call) { return pause(call, false); }

HttpResponse release_schedule(const RouteCall& call) {
  const std::string& name = schedule_of(call);
  ScheduleControl(call.served.lake()).release(name);
  call.parts.wake();
  return json_response({{"schedule", name}, {"released", true}});
}

HttpResponse trigger_schedule(const RouteCall& call) {
  const Tick tick = ScheduleControl(call.served.lake()).trigger(schedule_of(call));
  call.parts.wake();
  return json_response(to_document(tick), 202, &call.parts.secrets);
}

}  // namespace lochan
