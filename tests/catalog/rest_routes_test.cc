// The traps of Iceberg REST catalogs that are about HTTP (DESIGN), each by its number, and what else clients rely on.
#include "catalog/rest_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/catalog/rest_client.h"

namespace lochan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kTables = "/v1/run-1/namespaces/raw/tables";
constexpr const char* kSale = "/v1/run-1/namespaces/raw/tables/sale";

class RestRoutesTest : public ::testing::Test {
 protected:
  void SetUp() override { client_.use_branch("run-1"); }

  void create_sale() { ASSERT_EQ(client_.ask("POST", kTables, create_request("sale")).status, 200); }

  RestClient client_;
};

TEST_F(RestRoutesTest, Trap1ConfigHasDefaultsOverridesAndExactEndpoints) {
  const RestAnswer config = client_.ask("GET", "/v1/config?warehouse=run-1");
  EXPECT_EQ(config.status, 200);
  EXPECT_EQ(config.body["defaults"], Json::object());
  EXPECT_EQ(config.body["overrides"], Json({{"prefix", "run-1"}}));
  const std::vector<std::string> endpoints = config.body["endpoints"];
  EXPECT_THAT(
      endpoints,
      ElementsAre(  //
          "GET /v1/{prefix}/namespaces", "POST /v1/{prefix}/namespaces", "GET /v1/{prefix}/namespaces/{namespace}",
          "HEAD /v1/{prefix}/namespaces/{namespace}", "DELETE /v1/{prefix}/namespaces/{namespace}",
          "GET /v1/{prefix}/namespaces/{namespace}/tables", "POST /v1/{prefix}/namespaces/{namespace}/tables",
          "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
          "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
          "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}",
          "DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}",
          "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics", "POST /v1/{prefix}/transactions/commit",
          "GET /v1/{prefix}/namespaces/{namespace}/views", "GET /v1/{prefix}/namespaces/{namespace}/views/{view}",
          "HEAD /v1/{prefix}/namespaces/{namespace}/views/{view}"));
}

TEST_F(RestRoutesTest, Trap1UnknownWarehouseIs404WithABody) {
  for (const char* warehouse : {"run-2", "nonsense", "at-99", "at-x", "at-", "a%2Fb", ""})
    EXPECT_EQ(client_.ask("GET", std::string("/v1/config?warehouse=") + warehouse).outcome(),
              "404 NoSuchWarehouseException")
        << warehouse;
}

TEST_F(RestRoutesTest, ConfigWithoutWarehouseIsForTheTokensRef) {
  EXPECT_EQ(client_.ask("GET", "/v1/config").body["overrides"]["prefix"], "run-1");
}

TEST_F(RestRoutesTest, WithoutATokenInForceEverythingIs401) {
  const std::string token = client_.token();
  client_.catalog().revoke_token(token);
  for (const char* used : {token.c_str(), "", "nonsense"}) {
    client_.use_token(used);
    for (const char* path : {"/v1/config?warehouse=run-1", "/v1/run-1/namespaces", kSale, "/nowhere"}) {
      const RestAnswer answer = client_.ask("GET", path);
      EXPECT_EQ(answer.outcome(), "401 NotAuthorizedException") << used << " " << path;
      EXPECT_EQ(answer.headers.at("WWW-Authenticate"), "Bearer");
    }
  }
}

TEST_F(RestRoutesTest, AnotherPrefixThanTheTokensIs403) {
  for (const char* path : {"/v1/main/namespaces", "/v1/run-2/namespaces/raw/tables/sale", "/v1/config?warehouse=main"})
    EXPECT_EQ(client_.ask("GET", path).outcome(), "403 ForbiddenException") << path;
}

TEST_F(RestRoutesTest, Trap2NamesThatCannotExistAreNotFound) {
  for (const char* layer : {"raw%1Fsub", "raw%2Fsub", "raw.sub", "r%20w", "%2E%2E", "ra%C3%A4"})
    EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces/" + std::string(layer)).outcome(),
              "404 NoSuchNamespaceException")
        << layer;
  // Spark asks for the metadata table `raw.sale.files` like this.
  EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces/raw%1Fsale/tables/files").outcome(), "404 NoSuchTableException");
  EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces/raw/tables/..%2F..%2Fetc").outcome(), "404 NoSuchTableException");
}

TEST_F(RestRoutesTest, Trap2DecodesTheRawPathItself) {
  create_sale();
  EXPECT_EQ(client_.ask("HEAD", "/v1/run%2D1/namespaces/r%61w/tables/s%61le").outcome(), "204");
  EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces/r%6").outcome(), "400 BadRequestException");
}

TEST_F(RestRoutesTest, Trap2RefusesToMakeOtherNames) {
  for (const char* name : {"a.b", "", "a b", "../x", "ä"}) {
    EXPECT_EQ(client_.ask("POST", kTables, create_request(name)).outcome(), "400 BadRequestException") << name;
    EXPECT_EQ(client_.ask("POST", "/v1/run-1/namespaces", Json{{"namespace", Json::array({name})}}).outcome(),
              "400 BadRequestException")
        << name;
  }
  EXPECT_EQ(client_.ask("POST", "/v1/run-1/namespaces", Json{{"namespace", {"a", "b"}}}).outcome(),
            "400 BadRequestException");
}

TEST_F(RestRoutesTest, Trap3NeverPaginates) {
  for (int i = 0; i < 30; ++i)
    ASSERT_EQ(
        client_.ask("POST", "/v1/run-1/namespaces", Json{{"namespace", Json::array({"n" + std::to_string(i)})}}).status,
        200);
  for (const char* query : {"", "?pageSize=5", "?pageToken=&pageSize=5"}) {
    const RestAnswer list = client_.ask("GET", std::string("/v1/run-1/namespaces") + query);
    EXPECT_EQ(list.body["namespaces"].size(), 31u) << query;
    EXPECT_TRUE(list.body["next-page-token"].is_null());
  }
}

TEST_F(RestRoutesTest, NamespacesHaveOneLevel) {
  EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces?parent=raw").body["namespaces"], Json::array());
  EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces?parent=nowhere").outcome(), "404 NoSuchNamespaceException");
}

TEST_F(RestRoutesTest, NamespacesAreMadeLoadedAndDropped) {
  const Json body = {{"namespace", {"free"}}, {"properties", {{"owner", "anna"}}}};
  EXPECT_EQ(client_.ask("POST", "/v1/run-1/namespaces", body).body, body);
  EXPECT_EQ(client_.ask("POST", "/v1/run-1/namespaces", body).outcome(), "409 AlreadyExistsException");
  EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces/free").body, body);
  EXPECT_EQ(client_.ask("HEAD", "/v1/run-1/namespaces/free").outcome(), "204");
  EXPECT_EQ(client_.ask("DELETE", "/v1/run-1/namespaces/free").outcome(), "204");
  EXPECT_EQ(client_.ask("HEAD", "/v1/run-1/namespaces/free").status, 404);
}

TEST_F(RestRoutesTest, Trap4AStagedCreateIsInvisibleUntilItsCommit) {
  const RestAnswer staged = client_.ask("POST", kTables, create_request("sale", true));
  ASSERT_EQ(staged.status, 200);
  EXPECT_FALSE(staged.body.contains("metadata-location"));
  EXPECT_EQ(client_.ask("HEAD", kSale).status, 404);
  EXPECT_EQ(client_.ask("GET", kTables).body["identifiers"], Json::array());

  Json updates = Json::array({{{"action", "assign-uuid"}, {"uuid", staged.body["metadata"]["table-uuid"]}},
                              {{"action", "add-schema"}, {"schema", staged.body["metadata"]["schemas"][0]}},
                              {{"action", "set-current-schema"}, {"schema-id", -1}}});
  const Json commit = {{"requirements", Json::array({{{"type", "assert-create"}}})}, {"updates", updates}};
  EXPECT_EQ(client_.ask("POST", kSale, commit).status, 200);
  EXPECT_EQ(client_.ask("GET", kTables).body["identifiers"][0], Json({{"namespace", {"raw"}}, {"name", "sale"}}));
}

TEST_F(RestRoutesTest, Trap4ATransactionIsAllOrNothing) {
  create_sale();
  ASSERT_EQ(client_.ask("POST", kTables, create_request("item")).status, 200);
  Json sale = client_.append_request("sale", 1, 1);
  Json item = client_.append_request("item", 2, 1, 666);  // asserts a snapshot that isn't there
  sale["identifier"] = {{"namespace", {"raw"}}, {"name", "sale"}};
  item["identifier"] = {{"namespace", {"raw"}}, {"name", "item"}};
  EXPECT_EQ(client_.ask("POST", "/v1/run-1/transactions/commit", Json{{"table-changes", {sale, item}}}).outcome(),
            "409 CommitFailedException");
  EXPECT_EQ(client_.ask("GET", kSale).body["metadata"]["snapshots"], Json::array());

  item["requirements"][0]["snapshot-id"] = nullptr;
  EXPECT_EQ(client_.ask("POST", "/v1/run-1/transactions/commit", Json{{"table-changes", {sale, item}}}).outcome(),
            "204");
  EXPECT_EQ(client_.ask("GET", kSale).body["metadata"]["current-snapshot-id"], 1);
  EXPECT_EQ(client_.ask("GET", "/v1/run-1/namespaces/raw/tables/item").body["metadata"]["current-snapshot-id"], 2);
}

TEST_F(RestRoutesTest, Trap5ACommitThatCameSecondIs409) {
  create_sale();
  EXPECT_EQ(client_.ask("POST", kSale, client_.append_request("sale", 1, 1)).status, 200);
  EXPECT_EQ(client_.ask("POST", kSale, client_.append_request("sale", 2, 2)).outcome(), "409 CommitFailedException");
  EXPECT_EQ(client_.ask("GET", kSale).body["metadata"]["snapshots"].size(), 1u);
}

TEST_F(RestRoutesTest, Trap5TheSameCommitAgainIs200AndDoneOnce) {
  create_sale();
  const Json commit = client_.append_request("sale", 1, 1);
  const RestAnswer first = client_.ask("POST", kSale, commit);
  const RestAnswer again = client_.ask("POST", kSale, commit);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body["metadata-location"], first.body["metadata-location"]);
  EXPECT_EQ(again.body["metadata"]["snapshots"].size(), 1u);
}

TEST_F(RestRoutesTest, Trap6UnknownUpdatesAndRequirementsAre400) {
  create_sale();
  const RestAnswer before = client_.ask("GET", kSale);
  Json update = client_.append_request("sale", 1, 1);
  update["updates"].push_back({{"action", "paint-it-green"}});
  Json requirement = client_.append_request("sale", 1, 1);
  requirement["requirements"].push_back({{"type", "assert-moon-phase"}});
  for (const Json& commit : {update, requirement}) {
    const RestAnswer answer = client_.ask("POST", kSale, commit);
    EXPECT_EQ(answer.outcome(), "400 BadRequestException") << answer.text;
  }
  EXPECT_EQ(client_.ask("GET", kSale).body, before.body);
}

TEST_F(RestRoutesTest, Trap6FormatVersion3Is400) {
  Json request = create_request("sale");
  request["properties"] = {{"format-version", "3"}};
  EXPECT_EQ(client_.ask("POST", kTables, request).outcome(), "400 BadRequestException");
}

TEST_F(RestRoutesTest, Trap7LocalTablesHaveAnEmptyConfigAndNoCredentials) {
  if (is_test_lake_on_s3()) GTEST_SKIP() << "its tables are not local";
  const RestAnswer created = client_.ask("POST", kTables, create_request("sale"));
  EXPECT_EQ(created.body["config"], Json::object());
  EXPECT_FALSE(created.body.contains("storage-credentials"));
  EXPECT_THAT(created.body["metadata"]["location"].get<std::string>(), ::testing::StartsWith("file:///"));
}

// Outsiders get the keys that are meant for them, where they ask for keys; never the lake's own.
TEST(RestRoutesOnS3Test, Trap7KeysAreVendedToWhoAsksForThem) {
  LakePlace place;
  place.location = "s3://lake/shop";
  place.s3.region = "eu-west-1";
  place.s3.endpoint = "https://minio.example.com:9000";
  place.s3.path_style = true;
  place.s3.keys = {"own", "own-secret", ""};
  place.s3.vended = AwsKeys{"reader", "reader-secret", ""};
  const SystemClock clock;
  RestClient client(make_s3_store(place, clock));
  client.catalog().create_branch("run-1", BranchKind::Run);
  const auto ask = [&](const std::string& delegation) {
    HttpRequest request{.method = "POST", .path = kTables, .query = "", .headers = {}, .body = create_request("sale", true).dump()};
    if (!delegation.empty()) request.headers["x-iceberg-access-delegation"] = delegation;
    const TokenScope scope{"run-1", true, {{"raw", "sale"}}, "anna"};
    return Json::parse(client.routes().answer(request, [&](const Ref&) { return scope; }).body);
  };
  const Json plain{{"client.region", "eu-west-1"}, {"s3.region", "eu-west-1"}, {"s3.path-style-access", "true"},
                   {"s3.endpoint", "https://minio.example.com:9000"}};
  const Json without = ask("");
  EXPECT_EQ(without["config"], plain);
  EXPECT_FALSE(without.contains("storage-credentials"));
  EXPECT_EQ(ask("remote-signing")["config"], plain);
  Json opened = plain;
  opened["s3.access-key-id"] = "reader";
  opened["s3.secret-access-key"] = "reader-secret";
  const Json with = ask("remote-signing, vended-credentials");
  EXPECT_EQ(with["config"], opened);
  EXPECT_EQ(with["storage-credentials"][0], (Json{{"prefix", "s3://lake/shop/raw/sale"}, {"config", opened}}));
  EXPECT_EQ(with["metadata"]["location"], "s3://lake/shop/raw/sale");
}

TEST_F(RestRoutesTest, Trap8HeadAnswers204AndMissingTables404) {
  EXPECT_EQ(client_.ask("HEAD", kSale).outcome(), "404 NoSuchTableException");
  create_sale();
  EXPECT_EQ(client_.ask("HEAD", kSale).outcome(), "204");
  EXPECT_EQ(client_.ask("HEAD", "/v1/run-1/namespaces/raw").outcome(), "204");
  EXPECT_EQ(client_.ask("HEAD", "/v1/run-1/namespaces/raw/views/sale").outcome(), "404 NoSuchViewException");
}

TEST_F(RestRoutesTest, Trap8DroppingANamespaceWithTablesIs409) {
  create_sale();
  EXPECT_EQ(client_.ask("DELETE", "/v1/run-1/namespaces/raw").outcome(), "409 NamespaceNotEmptyException");
  EXPECT_EQ(client_.ask("DELETE", "/v1/run-1/namespaces/nowhere").outcome(), "404 NoSuchNamespaceException");
}

TEST_F(RestRoutesTest, Trap8ErrorsCarryMessageTypeAndCode) {
  const RestAnswer answer = client_.ask("GET", kSale);
  EXPECT_EQ(answer.body["error"]["code"], 404);
  EXPECT_EQ(answer.body["error"]["type"], "NoSuchTableException");
  EXPECT_THAT(answer.body["error"]["message"].get<std::string>(), HasSubstr("`raw.sale`"));
}

TEST_F(RestRoutesTest, Trap9EtagDiffersForRefsAndAll) {
  create_sale();
  ASSERT_EQ(client_.ask("POST", kSale, client_.append_request("sale", 1, 1)).status, 200);
  ASSERT_EQ(client_.ask("POST", kSale, client_.append_request("sale", 2, 2, 1)).status, 200);
  const RestAnswer all = client_.ask("GET", kSale);
  const RestAnswer refs = client_.ask("GET", std::string(kSale) + "?snapshots=refs");
  EXPECT_NE(all.headers.at("ETag"), refs.headers.at("ETag"));
  EXPECT_EQ(client_.ask("GET", std::string(kSale) + "?snapshots=all").headers.at("ETag"), all.headers.at("ETag"));
  EXPECT_EQ(all.body["metadata"]["snapshots"].size(), 2u);
  ASSERT_EQ(refs.body["metadata"]["snapshots"].size(), 1u);
  EXPECT_EQ(refs.body["metadata"]["snapshots"][0]["snapshot-id"], 2);
  Json without = all.body;
  without["metadata"]["snapshots"].erase(0);
  EXPECT_EQ(refs.body, without);
}

TEST_F(RestRoutesTest, Trap9AnUnchangedTableIs304) {
  create_sale();
  const std::string etag = client_.ask("GET", kSale).headers.at("ETag");
  const RestAnswer same = client_.ask("GET", kSale, "", "\"other\", W/" + etag);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.text, "");
  EXPECT_EQ(same.headers.at("ETag"), etag);
  EXPECT_EQ(client_.ask("GET", std::string(kSale) + "?snapshots=refs", "", etag).status, 200);
  ASSERT_EQ(client_.ask("POST", kSale, client_.append_request("sale", 1, 1)).status, 200);
  EXPECT_EQ(client_.ask("GET", kSale, "", etag).status, 200);
}

TEST_F(RestRoutesTest, Trap10AStagedCreateMakesTheFoldersThatDuckDbWritesTo) {
  if (is_test_lake_on_s3()) GTEST_SKIP() << "there are no folders on S3";
  ASSERT_EQ(client_.ask("POST", kTables, create_request("sale", true)).status, 200);
  EXPECT_TRUE(std::filesystem::is_directory(client_.folder() / "lake/raw/sale/metadata"));
  EXPECT_TRUE(std::filesystem::is_directory(client_.folder() / "lake/raw/sale/data"));
}

TEST_F(RestRoutesTest, Trap12ADropLeavesTheFiles) {
  create_sale();
  EXPECT_EQ(client_.ask("DELETE", std::string(kSale) + "?purgeRequested=true").outcome(), "204");
  EXPECT_EQ(client_.ask("GET", kSale).status, 404);
  int files = 0;
  client_.store().list("raw/sale/metadata/", [&](const ObjectInfo&) { ++files; });
  EXPECT_GT(files, 0);
  EXPECT_EQ(client_.ask("DELETE", kSale).outcome(), "404 NoSuchTableException");
}

TEST_F(RestRoutesTest, BodiesOfAnotherShapeAre400) {
  create_sale();
  const std::string commit = "/v1/run-1/transactions/commit";
  for (const char* body :
       {"", "{", "[]", "null", "{}", R"({"requirements":{},"updates":[]})", R"({"requirements":[1],"updates":[]})",
        R"({"requirements":[],"updates":[{"action":7}]})",
        R"({"requirements":[],"updates":[{"action":"add-snapshot"}]})", R"({"table-changes":7})",
        R"({"table-changes":[7]})", R"({"table-changes":[{"identifier":{"namespace":"raw","name":"sale"}}]})",
        R"({"name":7,"schema":{}})", R"({"name":"item"})", R"({"namespace":"x"})", R"({"namespace":[7]})"}) {
    for (const std::string& path :
         {std::string(kSale), std::string(kTables), commit, std::string("/v1/run-1/namespaces")})
      EXPECT_EQ(client_.ask("POST", path, std::string(body)).outcome(), "400 BadRequestException")
          << path << " " << body;
  }
}

TEST_F(RestRoutesTest, WhatThisCatalogHasNoUseForIs406) {
  EXPECT_EQ(client_.ask("POST", "/v1/run-1/tables/rename", Json::object()).outcome(),
            "406 UnsupportedOperationException");
  EXPECT_EQ(client_.ask("POST", "/v1/run-1/namespaces/raw/register", Json::object()).outcome(),
            "406 UnsupportedOperationException");
  EXPECT_EQ(client_.ask("POST", "/v1/main/tables/rename", Json::object()).outcome(), "403 ForbiddenException");
}

TEST_F(RestRoutesTest, UnknownPathsAre404) {
  for (const char* path : {"/", "/v1", "/v1/", "/v2/config", "/v1/run-1", "/v1/run-1/namespaces/", "/v1//namespaces",
                           "/v1/run-1/namespaces/raw/tables/sale/more"})
    EXPECT_EQ(client_.ask("GET", path).outcome(), "404 NotFoundException") << path;
}

TEST_F(RestRoutesTest, TakesMetrics) {
  EXPECT_EQ(client_.ask("POST", std::string(kSale) + "/metrics", Json{{"report-type", "scan-report"}}).outcome(),
            "204");
}

TEST_F(RestRoutesTest, ADroppedBranchHasNoTables) {
  create_sale();
  client_.catalog().mark_branch("run-1", BranchState::Dropped);
  EXPECT_EQ(client_.ask("GET", kSale).status, 404);
  EXPECT_EQ(client_.ask("GET", "/v1/config?warehouse=run-1").outcome(), "404 NoSuchWarehouseException");
}

TEST_F(RestRoutesTest, AProjectsTableOnMainTakesNoCommit) {
  client_.use_token(client_.catalog().grant_token({"main", true, {}, "anna"}));
  EXPECT_EQ(client_.ask("POST", "/v1/main/namespaces/raw/tables", create_request("sale")).outcome(),
            "403 ForbiddenException");
}

}  // namespace
}  // namespace lochan
