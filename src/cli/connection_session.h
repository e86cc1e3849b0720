// A session of the engine that looks into one connection of the project by plain SQL, read-only.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "project/project.h"

namespace lochan {

/// The connection of this name. Throws Error{Usage} with the nearest name.
const Connection& find_connection(const Project& project, const std::string& name);

/// Settings for an engine that reads no lake.
EngineOptions engine_options(const Project& project);

/// Throws Error{Usage} with the position unless the text is one SELECT.
void check_select(Session& session, const std::string& sql);

class ConnectionSession {
 public:
  /// Throws Error{Usage} for an unknown name, Error{Unavailable} when the connection is away.
  ConnectionSession(const Project& project, const std::string& name);

  Session& session() { return *session_; }

 private:
  Engine engine_;
  std::unique_ptr<Session> session_;
};

}  // namespace lochan
