// A catalog on an empty folder and its REST routes, for tests: requests are answered without a socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "catalog/rest_routes.h"
#include "tests/support/test_state.h"
#include "tests/support/test_store.h"

namespace lochan {

struct RestAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string text;
  Json body;  // null when there is none

  /// "404 NoSuchTableException", "204"
  std::string outcome() const {
    const std::string type = body.is_object() && body.contains("error") ? body["error"].value("type", "") : "";
    return std::to_string(status) + (type.empty() ? "" : " " + type);
  }
};

class RestClient {
 public:
  explicit RestClient(std::vector<std::string> immutable_layers = {}) : RestClient(nullptr, std::move(immutable_layers)) {}
  /// Over that store; none: the test's own.
  explicit RestClient(std::unique_ptr<ObjectStore> store, std::vector<std::string> immutable_layers = {})
      : folder_(std::filesystem::temp_directory_path() / ("lochan-rest-" + random_uuid())),
        state_(open_test_state(folder_)),
        store_(store ? std::move(store) : make_test_store(folder_ / "lake")) {
    migrate(*state_, Catalog::migrations());
    CatalogOptions options;
    options.project_tables = {{"raw", "sale"}, {"raw", "item"}};
    options.immutable_layers = std::move(immutable_layers);
    catalog_ = std::make_unique<Catalog>(*state_, *store_, clock_, options);
    routes_ = std::make_unique<RestRoutes>(*catalog_, log_);
  }
  ~RestClient() { std::filesystem::remove_all(folder_); }
  RestClient(const RestClient&) = delete;
  RestClient& operator=(const RestClient&) = delete;

  Catalog& catalog() { return *catalog_; }
  ObjectStore& store() { return *store_; }
  const RestRoutes& routes() { return *routes_; }
  const std::filesystem::path& folder() const { return folder_; }

  /// Makes a branch and answers the following requests with a token for it and `raw.sale`.
  void use_branch(const std::string& name) {
    catalog_->create_branch(name, BranchKind::Run);
    token_ = catalog_->grant_token({name, true, {{"raw", "sale"}, {"raw", "item"}}, ""});
  }
  void use_token(std::string token) { token_ = std::move(token); }
  const std::string& token() const { return token_; }

  /// `target` has the path and, after a "?", the query.
  RestAnswer ask(std::string_view method, std::string_view target, const std::string& body = "",
                 std::string_view if_none_match = "") {
    HttpRequest request;
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    if (target.size() > request.path.size()) request.query = target.substr(request.path.size() + 1);
    if (!token_.empty()) request.headers["authorization"] = "Bearer " + token_;
    if (!if_none_match.empty()) request.headers["if-none-match"] = if_none_match;
    request.body = body;
    const HttpResponse response = routes_->answer(request);
    return {response.status, response.headers, response.body, Json::parse(response.body, nullptr, false)};
  }
  RestAnswer ask(std::string_view method, std::string_view target, const Json& body) {
    return ask(method, target, body.dump());
  }

  /// The body of a commit that appends to `raw.<table>`: its files are never read by the catalog.
  Json append_request(const std::string& table, std::int64_t snapshot, std::int64_t sequence,
                      const Json& parent = nullptr) const {
    Json added = {{"snapshot-id", snapshot},
                  {"sequence-number", sequence},
                  {"timestamp-ms", to_millis(SystemClock().now())},
                  {"manifest-list", store_->uri("") + "/raw/" + table + "/metadata/snap.avro"},
                  {"summary", {{"operation", "append"}}},
                  {"schema-id", 0}};
    if (!parent.is_null()) added["parent-snapshot-id"] = parent;
    Json add = {{"action", "add-snapshot"}, {"snapshot", added}};
    Json point = {{"action", "set-snapshot-ref"}, {"ref-name", "main"}, {"type", "branch"}, {"snapshot-id", snapshot}};
    Json wanted = {{"type", "assert-ref-snapshot-id"}, {"ref", "main"}, {"snapshot-id", parent}};
    return {{"requirements", Json::array({wanted})}, {"updates", Json::array({add, point})}};
  }

 private:
  std::filesystem::path folder_;
  SystemClock clock_;
  NullLog log_;
  std::unique_ptr<Database> state_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<RestRoutes> routes_;
  std::string token_;
};

/// The body of a request to create a table with one column, `id`.
inline Json create_request(const std::string& name, bool staged = false) {
  Json field = {{"id", 1}, {"name", "id"}, {"required", false}, {"type", "long"}};
  return {{"name", name},
          {"stage-create", staged},
          {"schema", {{"type", "struct"}, {"schema-id", 0}, {"fields", Json::array({field})}}}};
}

}  // namespace lochan
