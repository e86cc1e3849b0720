// A catalog on a folder, served over HTTP and driven by lines: one JSON request a line on standard input, one JSON
// answer a line on standard output. With it tests in other languages do what only Lochan itself may do (branches,
// tokens, publishing) to the real catalog.
//
//   catalog_host FOLDER [OPTIONS as JSON]
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/postgres_database.h"
#include "base/sqlite_database.h"
#include "catalog/catalog.h"
#include "catalog/rest_server.h"

namespace lochan {
namespace {

TableName table_of(const Json& name) {
  const auto table = parse_table_name(name.get<std::string>());
  if (!table) throw Error(ErrorKind::Usage, "no table name: " + name.dump());
  return *table;
}

std::vector<TableName> tables_of(const Json& request, const char* key) {
  std::vector<TableName> tables;
  for (const Json& name : request.value(key, Json::array())) tables.push_back(table_of(name));
  return tables;
}

Json names_of(const std::vector<TableName>& tables) {
  Json names = Json::array();
  for (const TableName& table : tables) names.push_back(to_string(table));
  return names;
}

Json json_of(const Entry& entry) {
  return {{"table", to_string(entry.table)},
          {"kind", entry.kind == EntryKind::Table ? "table" : "view"},
          {"metadata_location", entry.metadata_location},
          {"data_version", entry.data_version},
          {"properties", entry.properties}};
}

PublishView view_of(const Json& request) {
  PublishView view;
  view.table = table_of(request.at("table"));
  view.sql = request.at("sql");
  for (const Json& column : request.at("columns")) view.columns.push_back({column.at(0), column.at(1), true});
  view.data_version = request.value("data_version", "1");
  return view;
}

CatalogOptions catalog_options(const Json& options) {
  CatalogOptions catalog;
  catalog.immutable_layers = options.value("immutable_layers", std::vector<std::string>());
  catalog.project_tables = tables_of(options, "project_tables");
  catalog.keep_snapshots = options.value("keep_snapshots", catalog.keep_snapshots);
  return catalog;
}

class CatalogHost {
 public:
  CatalogHost(const std::filesystem::path& folder, const Json& options)
      : state_(open_migrated(folder / "state.db", options)),
        store_(open_store(folder / "lake", options, clock_)),
        catalog_(*state_, *store_, clock_, catalog_options(options)),
        server_(catalog_, {}) {}

  std::string uri() const { return server_.uri(); }

  Json answer(const Json& request) {
    try {
      return {{"ok", commands_.at(request.at("do").get<std::string>())(request)}};
    } catch (const Error& error) {
      return {{"error", error.message()}, {"kind", to_string(error.kind())}};
    } catch (const std::exception& error) {
      return {{"error", error.what()}, {"kind", "request"}};
    }
  }

 private:
  using Command = std::function<Json(const Json&)>;

  // Elsewhere, as tests/support/places.py says.
  static std::unique_ptr<Database> open_migrated(const std::filesystem::path& path, const Json& options) {
    const auto shared = options.find("state");
    auto state = shared == options.end()
                     ? open_sqlite(path, {})
                     : open_postgres(shared->at("url"), "state", {.schema = shared->at("schema"), .mends_text = true});
    migrate(*state, Catalog::migrations());
    return state;
  }

  static std::unique_ptr<ObjectStore> open_store(const std::filesystem::path& folder, const Json& options,
                                                 const Clock& clock) {
    const auto lake = options.find("lake");
    if (lake == options.end()) return make_local_store(folder);
    LakePlace place;
    place.location = lake->at("url");
    place.s3.endpoint = lake->at("endpoint");
    place.s3.region = "us-east-1";
    place.s3.path_style = true;
    place.s3.keys = {lake->at("keys").at(0), lake->at("keys").at(1), ""};
    place.s3.vended = place.s3.keys;
    return make_s3_store(place, clock);
  }

  Json create_branch(const Json& request) {
    const BranchKind kind = request.value("kind", "run") == "named" ? BranchKind::Named : BranchKind::Run;
    return catalog_.create_branch(request.at("name"), kind, request.value("parent", "main")).base_publication;
  }

  Json grant(const Json& request) {
    TokenScope scope;
    scope.ref = request.at("ref");
    scope.may_write = request.value("may_write", true);
    scope.tables = tables_of(request, "tables");
    return catalog_.grant_token(std::move(scope));
  }

  // Without `tables` and `dropped`: all that the branch changed.
  Json publish(const Json& request) {
    PublishRequest publish;
    publish.branch = request.at("branch");
    std::vector<TableName> dropped;
    if (request.contains("tables") || request.contains("dropped")) {
      for (const TableName& table : tables_of(request, "tables")) publish.tables.push_back({table, {}});
      dropped = tables_of(request, "dropped");
    } else {
      for (const Entry& entry : catalog_.branch_changes(publish.branch, &dropped))
        if (entry.kind == EntryKind::Table) publish.tables.push_back({entry.table, {}});
    }
    publish.dropped = std::move(dropped);
    for (const Json& view : request.value("views", Json::array())) publish.views.push_back(view_of(view));
    publish.guards = tables_of(request, "guards");
    publish.author = "test";
    const PublishOutcome outcome = catalog_.publish(publish);
    return {{"publication", outcome.publication ? Json(*outcome.publication) : Json()},
            {"published", outcome.published},
            {"conflicts", names_of(outcome.conflicts)}};
  }

  Json entries(const Json& request) {
    Json entries = Json::array();
    for (const Entry& entry : catalog_.entries(request.at("ref"))) entries.push_back(json_of(entry));
    return entries;
  }

  Json publications(const Json&) {
    Json all = Json::array();
    for (const Publication& publication : catalog_.publications(1000))
      all.push_back(
          {{"number", publication.number}, {"at", to_string(publication.at)}, {"message", publication.message}});
    return all;
  }

  SystemClock clock_;
  std::unique_ptr<Database> state_;
  std::unique_ptr<ObjectStore> store_;
  Catalog catalog_;
  RestServer server_;
  const std::map<std::string, Command> commands_ = {
      {"create_branch", [this](const Json& r) { return create_branch(r); }},
      {"grant", [this](const Json& r) { return grant(r); }},
      {"revoke", [this](const Json& r) { return catalog_.revoke_token(r.at("token")), Json(); }},
      {"publish", [this](const Json& r) { return publish(r); }},
      {"entries", [this](const Json& r) { return entries(r); }},
      {"publications", [this](const Json& r) { return publications(r); }},
      {"put_view", [this](const Json& r) { return catalog_.put_view(r.at("branch"), view_of(r)), Json(); }},
      {"drop_branch",
       [this](const Json& r) { return catalog_.mark_branch(r.at("name"), BranchState::Dropped), Json(); }},
      {"request_count", [this](const Json&) { return Json(server_.request_count()); }},
  };
};

int serve(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: catalog_host FOLDER [OPTIONS]\n";
    return 2;
  }
  CatalogHost host(argv[1], argc > 2 ? Json::parse(argv[2]) : Json::object());
  std::cout << Json{{"ok", host.uri()}}.dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) std::cout << host.answer(Json::parse(line)).dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace lochan

int main(int argc, char** argv) { return lochan::serve(argc, argv); }
