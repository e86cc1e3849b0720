#include "cli/connection_session.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"

namespace lochan {

const Connection& find_connection(const Project& project, const std::string& name) {
  if (const auto found = project.connections.find(name); found != project.connections.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [other, connection] : project.connections) names.push_back(other);
  throw Error(ErrorKind::Usage, fmt::format("no connection `{}`", name))
      .hint(text::did_you_mean(name, names, "`lochan source list` shows what there is"));
}

EngineOptions engine_options(const Project& project) {
  EngineOptions options;
  options.memory_limit = project.engine.memory_limit;
  options.threads = project.engine.threads;
  options.spill =
      project.engine.spill.empty() ? project.folder / ".lochan" / "spill" : std::filesystem::path(project.engine.spill);
  return options;
}

ConnectionSession::ConnectionSession(const Project& project, const std::string& name)
    : engine_(engine_options(project)) {
  const Connection& connection = find_connection(project, name);
  if (!std::filesystem::exists(connection.location))
    throw Error(ErrorKind::Unavailable, fmt::format("`{}` is not there: connection `{}`", connection.location, name))
        .at(connection.position);
  session_ = engine_.open_session();
  if (connection.kind == "sqlite") {
    session_->execute(fmt::format("attach {} as {} (type sqlite, read_only)", sql::literal(connection.location),
                                  sql::identifier(name)));
    session_->execute("use " + sql::identifier(name));
  } else if (connection.kind == "files") {
    session_->execute("set file_search_path = " + sql::literal(connection.location));
  } else {
    throw Error(ErrorKind::Usage,
                fmt::format("`{}` is a connection of kind {}, which can't be asked by SQL", name, connection.kind))
        .at(connection.position);
  }
}

}  // namespace lochan
