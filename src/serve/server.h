// `lochan serve`: one address for the catalog, the API and what tells of the server's own health, and the loop that does
// what is due.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/secret.h"
#include "project/read_project.h"
#include "serve/event_log.h"
#include "serve/notify.h"

namespace lochan {

struct ServeRequest {
  std::string address;
  std::uint16_t port = 0;         // 0: a free one
  bool says_address = false;      // whatever the project says, now and later
  bool says_port = false;
  bool stops_runs = false;        // when it is stopped, those that it started for schedules end too
  std::filesystem::path program;  // our own
};

/// Serves until it is stopped. Throws Error when it can't begin: another one serves this state, the address isn't to be
/// had, or it is one that others reach and the project has no token.
void serve(ReadProject read, const ServeRequest& request, const Clock& clock, Secrets& secrets, EventLog& log,
           const Notify& notify, std::stop_token stop);

}  // namespace lochan
