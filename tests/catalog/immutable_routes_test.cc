// Through no route of the catalog is an object of an immutable layer overwritten or removed, whatever is asked.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "base/hash.h"
#include "catalog/rest_endpoint.h"
#include "tests/catalog/rest_client.h"

namespace lochan {
namespace {

class ImmutableRoutesTest : public testing::Test {
 protected:
  ImmutableRoutesTest() : client_({"raw"}) {
    client_.use_branch("run-1");
    for (const char* table : {"sale", "item"}) {
      EXPECT_EQ(client_.ask("POST", "/v1/run-1/namespaces/raw/tables", create_request(table)).status, 200);
      const std::string path = fmt::format("/v1/run-1/namespaces/raw/tables/{}", table);
      EXPECT_EQ(client_.ask("POST", path, client_.append_request(table, 11, 1)).status, 200);
      // What an engine would have written.
      client_.store().create(fmt::format("raw/{}/data/1.parquet", table), "rows");
      client_.store().create(fmt::format("raw/{}/metadata/snap.avro", table), "manifests");
    }
    PublishRequest request;
    request.branch = "run-1";
    request.tables = {{{"raw", "sale"}, {}, false}, {{"raw", "item"}, {}, false}};
    EXPECT_TRUE(client_.catalog().publish(request).published);
  }

  std::map<std::string, std::string> objects() {
    std::map<std::string, std::string> hashes;
    client_.store().list("raw/", [&](const ObjectInfo& object) { hashes[object.name] = ""; });
    for (auto& [name, hash] : hashes) hash = sha256(client_.store().read(name));
    return hashes;
  }

  static std::string filled(std::string path, const std::string& ref, const std::string& table) {
    const std::map<std::string, std::string> values{
        {"{prefix}", ref}, {"{namespace}", "raw"}, {"{table}", table}, {"{view}", table}};
    for (const auto& [name, value] : values)
      if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
    return path;
  }

  /// What a client may send to whatever route takes a body.
  std::vector<Json> bodies(const std::string& table) const {
    std::vector<Json> all{Json::object(), create_request(table), create_request(table, true)};
    const auto add = [&](Json updates) {
      Json name = {{"namespace", {"raw"}}, {"name", table}};
      Json commit = {{"identifier", name}, {"requirements", Json::array()}, {"updates", std::move(updates)}};
      all.push_back(commit);
      all.push_back({{"table-changes", Json::array({commit})}});
    };
    for (const char* operation : {"append", "overwrite", "delete", "replace"}) {
      Json updates = client_.append_request(table, 12, 2, 11)["updates"];
      updates[0]["snapshot"]["summary"]["operation"] = operation;
      add(updates);
    }
    add(Json::array({{{"action", "remove-snapshots"}, {"snapshot-ids", {11}}}}));
    add(Json::array({{{"action", "remove-snapshot-ref"}, {"ref-name", "main"}}}));
    add(Json::array({{{"action", "set-location"}, {"location", "file:///elsewhere"}}}));
    add(Json::array({{{"action", "set-properties"}, {"updates", {{"write.data.path", "/elsewhere"}}}}}));
    add(Json::array({{{"action", "set-properties"}, {"updates", {{"write.metadata.delete-after-commit.enabled", "true"}}}}}));
    all.push_back({{"namespace", {"raw"}}, {"properties", Json::object()}});
    all.push_back({{"source", {{"namespace", {"raw"}}, {"name", table}}},
                   {"destination", {{"namespace", {"raw"}}, {"name", "other"}}}});
    return all;
  }

  RestClient client_;
};

TEST_F(ImmutableRoutesTest, NothingIsOverwrittenOrRemoved) {
  const auto before = objects();
  ASSERT_GE(before.size(), 6U);
  std::vector<RestEndpoint> endpoints(rest_endpoints().begin(), rest_endpoints().end());
  endpoints.insert(endpoints.end(), refused_rest_endpoints().begin(), refused_rest_endpoints().end());
  client_.catalog().create_branch("run-2", BranchKind::Run);
  client_.catalog().create_branch("dev-anna", BranchKind::Named);
  int asked = 0, done = 0;
  for (const char* ref : {"main", "run-2", "dev-anna", "at-1"}) {
    for (const bool is_run : {true, false}) {
      const std::vector<TableName> tables = is_run ? std::vector<TableName>{{"raw", "sale"}, {"raw", "item"}} : std::vector<TableName>{};
      client_.use_token(client_.catalog().grant_token({ref, true, tables, "anna"}));
      for (const RestEndpoint& endpoint : endpoints) {
        for (const std::string table : {"sale", "item"}) {
          for (const Json& body : bodies(table)) {
            const std::string path = filled(std::string(endpoint.path), ref, table);
            for (const char* query : {"", "?purgeRequested=true"}) {
              const int status = client_.ask(endpoint.method, path + query, body).status;
              EXPECT_LT(status, 500) << endpoint.method << " " << path;
              ++asked;
              done += status < 300 ? 1 : 0;
            }
            if (endpoint.method == "GET" || endpoint.method == "HEAD") break;  // they take no body
          }
        }
      }
    }
  }
  EXPECT_GT(asked, 1000);
  EXPECT_GT(done, 100) << "most of it was refused for another reason";
  const auto after = objects();
  for (const auto& [name, hash] : before) {
    ASSERT_TRUE(after.contains(name)) << name << " is gone";
    EXPECT_EQ(after.at(name), hash) << name << " was overwritten";
  }
}

}  // namespace
}  // namespace lochan
