#include "cli/connection_session.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "project/files_config.h"

namespace lochan {
namespace {

void check_select(Session& session, const std::string& sql) {
  const Rows answer = session.query("select json_serialize_sql($sql::varchar)", {{"sql", {"VARCHAR", sql}}});
  const auto parsed = nlohmann::json::parse(answer.rows.at(0).at(0).value_or("{}"));
  if (parsed.value("error", false)) {
    const std::string position = parsed.value("position", "");
    const auto place = text::line_column(sql, position.empty() ? 0 : std::stoul(position));
    throw Error(ErrorKind::Usage, parsed.value("error_message", "this can't be read"))
        .at({"query", place.line, place.column})
        .hint("give one SELECT");
  }
  if (parsed.value("statements", nlohmann::json::array()).size() != 1)
    throw Error(ErrorKind::Usage, "there is more than one statement").at({"query", 1, 1}).hint("give one SELECT");
}

}  // namespace

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
  session_ = engine_.open_session();
  source_ = make_source(connection);
  server_ = dynamic_cast<SqlServer*>(source_.get());
  if (server_ != nullptr) {
    source_->open(*session_);
    return;
  }
  if (connection.kind == "files" && files_place(connection) != FilesPlace::Folder)
    throw Error(ErrorKind::Usage, fmt::format("the files of `{}` lie elsewhere, and can't be asked by SQL before they are loaded", name))
        .at(connection.position)
        .hint(fmt::format("`lochan source show {}` lists them", name));
  if (!std::filesystem::exists(connection.location))
    throw Error(ErrorKind::Unavailable, fmt::format("`{}` is not there: connection `{}`", connection.location, name))
        .at(connection.position);
  if (connection.kind == "sqlite") {
    session_->load_extension("sqlite_scanner");
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

ConnectionSession::~ConnectionSession() {
  if (server_ != nullptr) source_->close(*session_);
}

std::string ConnectionSession::ask(const std::string& query) {
  if (server_ != nullptr) return server_->ask(*session_, query);
  check_select(*session_, query);
  return query;
}

}  // namespace lochan
