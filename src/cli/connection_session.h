// A session of the engine that looks into one connection of the project by SQL, read-only.
#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "project/project.h"
#include "source/source.h"
#include "source/sql_server.h"

namespace lochan {

/// The connection of this name. Throws Error{Usage} with the nearest name.
const Connection& find_connection(const Project& project, const std::string& name);

/// Settings for an engine that reads no lake.
EngineOptions engine_options(const Project& project);

class ConnectionSession {
 public:
  /// Throws Error{Usage} for an unknown name, Error{Unavailable} when the connection is away.
  ConnectionSession(const Project& project, const std::string& name);

  ~ConnectionSession();
  ConnectionSession(const ConnectionSession&) = delete;
  ConnectionSession& operator=(const ConnectionSession&) = delete;

  Session& session() { return *session_; }
  /// What to run in the session for one SELECT: a server reads it in its own SQL, else the engine does. Throws Error{Usage}
  /// with the position for what the engine can't read.
  std::string ask(const std::string& query);

 private:
  Engine engine_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Source> source_;  // a server, opened
  SqlServer* server_ = nullptr;     // the same
};

}  // namespace lochan
