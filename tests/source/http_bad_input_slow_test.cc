// What APIs answer that is not what was meant: each told so that one knows what to do.
#include <gmock/gmock.h>

#include "tests/source/http_load.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using HttpBadInput = HttpLoad;

TEST_F(HttpBadInput, AWrongSelectorNamesWhatIsThere) {
  answer({R"({"date":[{"id":1}],"meta":{}})"});
  EXPECT_EQ(
      load_error(),
      "data: connection `api`: `sale`: no `data` in the body: it has the keys `date`, `meta` (did you mean `date`?)");
  resource_.records.value = "meta.rows";
  EXPECT_EQ(load_error(),
            "data: connection `api`: `sale`: no `meta.rows` in the body: `meta` has no keys (`records` names where the "
            "list of records "
            "stands, such as `data.items`)");
  resource_.records.value = "";
  page_by_number();
  EXPECT_EQ(load_error(),
            "data: connection `api`: page 1 of `sale`: the body is one object where a list of records was wanted: it "
            "has the keys `date`, "
            "`meta` (say where the list stands, such as `records: data`)");
}

TEST_F(HttpBadInput, ARecordThatIsNoObjectIsTold) {
  answer({R"({"data":[{"id":1},5]})"});
  EXPECT_THAT(load_error(), HasSubstr("`sale`: a record is a number, wanted an object"));
  answer({R"({"data":"none"})"});
  EXPECT_THAT(load_error(), HasSubstr("`data` in the body is a text, wanted a list of records"));
}

TEST_F(HttpBadInput, APageThatRepeatsForEverIsMet) {
  page_by_number();
  const std::string same = R"({"data":[{"id":1},{"id":2}]})";
  answer({same, same, same});
  EXPECT_EQ(load_error(),
            "data: connection `api`: page 2 of `sale` has the same records as page 1: the API may not heed `page` (the "
            "API goes round in a "
            "circle: look at `pagination`)");
  EXPECT_EQ(asked_, 2);
  resource_.pagination = {.by = HttpPaging::Cursor, .at = {"next", {}}, .param = "page"};
  answer({R"({"data":[{"id":1}],"next":2})", R"({"data":[{"id":2}],"next":3})", R"({"data":[{"id":3}],"next":2})"});
  EXPECT_THAT(load_error(), HasSubstr("page 3 of `sale` leads on to `2`, as an earlier one did"));
}

TEST_F(HttpBadInput, JsonThatIsCutOffIsTriedAgainAndThenTold) {
  answer({R"({"data":[{"id":1},{"id":2},{"i)"});
  const std::string told = load_error();
  EXPECT_THAT(
      told,
      testing::StartsWith(
          "unavailable: connection `api`: `sale`: it answered with broken JSON, 30 B of it: it is cut off after `"));
  EXPECT_EQ(asked_, 3);
  int refused = 0;
  store().list("landing/api/sale/",
               [&](const ObjectInfo& object) { refused += object.name.ends_with(".zst") ? 1 : 0; });
  EXPECT_EQ(refused, 1);  // for whoever looks into it
}

TEST_F(HttpBadInput, APageOfHtmlWithStatus200IsTold) {
  answer({"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"});
  EXPECT_THAT(
      load_error(),
      HasSubstr(
          "it answered with a page of HTML where JSON was wanted, of the title `Sign in` (open the URL in a browser"));
  EXPECT_EQ(asked_, 1);
  answer({"OK"});
  EXPECT_THAT(load_error(), HasSubstr("it answered with `OK` where JSON was wanted"));
}

TEST_F(HttpBadInput, OtherRefusalsAreNeverTriedAgain) {
  for (const int status : {400, 404, 410, 422}) {
    asked_ = 0;
    server_ = serve([&](const HttpRequest&) {
      ++asked_;
      return http_error(status, "Wrong", "no field `x`");
    });
    url_ = fmt::format("http://127.0.0.1:{}", server_->port());
    EXPECT_THAT(load_error(), HasSubstr(fmt::format("answered {}: ", status)));
    EXPECT_EQ(asked_, 1);
  }
}

TEST_F(HttpBadInput, AColumnThatChangesItsTypeBetweenTwoPagesBecomesText) {
  page_by_number();
  answer(
      {R"({"data":[{"id":1,"size":10},{"id":2,"size":null}]})", R"({"data":[{"id":3,"size":"XL","colour":"red"}]})"});
  load();
  EXPECT_THAT(rows("select id, size, colour from LAKE.raw.sale order by id"),
              ElementsAre("1|10|null", "2|null|null", "3|XL|red"));
}

TEST_F(HttpBadInput, WhatIsNotOfTheColumnsTypeIsSetAside) {
  page_by_number();
  answer({R"({"data":[{"id":1,"size":10}]})"});
  load();
  answer({R"({"data":[{"id":1,"size":11},{"id":2,"size":"XL"}]})", R"({"data":[{"id":3,"size":2.5}]})"});
  const LoadedTable loaded = load();
  EXPECT_EQ(loaded.rows_rejected, 2);
  EXPECT_THAT(rows("select id, size from LAKE.raw.sale order by all"), ElementsAre("1|10", "1|11"));
  EXPECT_THAT(rows("select reason, regexp_replace(position, '.*/', '') from LAKE.raw.sale__rejected order by all"),
              ElementsAre("`2.5` in column `size` is no BIGINT|000000-000002.json.zst:1",
                          "`XL` in column `size` is no BIGINT|000000-000001.json.zst:2"));
}

TEST_F(HttpBadInput, NestedValuesKeepTheColumnsTypeAndLoseNothing) {
  table_.options["columns"] = R"({"spots": "STRUCT(place VARCHAR, east DOUBLE)[]"})";
  answer(
      {R"({"data":[{"id":1,"spots":[{"place":"a","east":1,"note":"not wanted"}]},{"id":2,"spots":[]},{"id":3,"spots":null}]})"});
  load();
  answer(
      {R"({"data":[{"id":4,"spots":[{"east":2.5,"more":{"x":1}},{"place":"b"}]},{"id":5,"spots":[{"east":"far"}]},{"id":6,"spots":"nowhere"}]})"});
  EXPECT_EQ(load().rows_rejected, 2);
  EXPECT_THAT(
      rows("select id || ' ' || coalesce(spots::varchar, 'none') from LAKE.raw.sale where not _deleted order by id"),
      ElementsAre("1 [{'place': a, 'east': 1.0}]", "2 []", "3 none",
                  "4 [{'place': NULL, 'east': 2.5}, {'place': b, 'east': NULL}]"));
  EXPECT_THAT(rows("select reason from LAKE.raw.sale__rejected order by position"),
              ElementsAre(HasSubstr("a value in column `spots` is no STRUCT("),
                          HasSubstr("a value in column `spots` is no STRUCT(")));
}

TEST_F(HttpBadInput, AnEmptyPageIsAnEnd) {
  page_by_number();
  answer({R"({"data":[{"id":1}]})", R"({"data":[]})", R"({"data":[{"id":2}]})"});
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_EQ(asked_, 2);
  answer({R"({"data":null})"});
  EXPECT_EQ(load().rows_written, 1);  // the one that is gone
}

TEST_F(HttpBadInput, ATableWithoutAnyRecordNeedsColumns) {
  answer({R"({"data":[]})"});
  EXPECT_THAT(
      load_error(),
      HasSubstr("`sale` has no record yet, so that nothing says which columns it has (give them as `columns:`"));
  table_.options["columns"] = R"({"id":"BIGINT"})";
  EXPECT_TRUE(load().changed);
}

TEST_F(HttpBadInput, APageOfTenMegabytesIsRead) {
  std::string body = R"({"data":[)";
  for (int i = 0; i < 10'000; ++i)
    body += fmt::format(R"({}{{"id":{},"text":"{}"}})", i == 0 ? "" : ",", i, std::string(1'000, 'x'));
  answer({body + "]}"});
  EXPECT_EQ(load().rows_written, 10'000);
}

TEST_F(HttpBadInput, CredentialsAreNotSentOnToAnotherHost) {
  std::map<std::string, std::string, std::less<>> seen;
  std::string seen_query;
  const auto other = serve([&](const HttpRequest& request) {
    seen = request.headers;
    seen_query = request.query;
    HttpResponse response;
    response.body = R"({"data":[{"id":1}]})";
    return response;
  });
  server_ = serve([&](const HttpRequest& request) {
    HttpResponse response;
    response.status = request.path == "/here" ? 302 : 307;
    response.headers["Location"] =
        request.path == "/here" ? fmt::format("http://127.0.0.1:{}/there", other->port()) : "/here";
    return response;
  });
  url_ = fmt::format("http://127.0.0.1:{}", server_->port());
  settings_.auth = {.kind = HttpAuthKind::Bearer, .token = "very-secret"};
  settings_.headers = {{"X-Team", "shop"}};
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_FALSE(seen.contains("authorization"));
  EXPECT_FALSE(seen.contains("x-team"));
  EXPECT_EQ(seen_query, "");
}

TEST_F(HttpBadInput, RedirectsInACircleEnd) {
  server_ = serve([&](const HttpRequest&) {
    HttpResponse response;
    response.status = 302;
    response.headers["Location"] = "/again";
    return response;
  });
  url_ = fmt::format("http://127.0.0.1:{}", server_->port());
  EXPECT_THAT(load_error(), HasSubstr("more than 5 redirects"));
}

TEST_F(HttpBadInput, WhatCanNotBeReachedIsUnavailable) {
  url_ = "http://no-such-host.invalid";
  EXPECT_THAT(load_error(),
              testing::StartsWith(
                  "unavailable: connection `api`: `sale`: no answer from `no-such-host.invalid`: Could not resolve"));
  answer({"{}"});
  const std::string port = url_.substr(url_.rfind(':'));
  url_ = "https://127.0.0.1" + port;
  EXPECT_THAT(load_error(),
              testing::StartsWith("unavailable: connection `api`: `sale`: no answer from `127.0.0.1" + port + "`: "));
  url_ = "http://127.0.0.1" + port + ":";
  EXPECT_THAT(load_error(), AllOf(testing::StartsWith("project: connection `api`: `sale`: the URL to `127.0.0.1" + port + ":` can't be used"),
                                  HasSubstr("(correct the connection's URL, or `path`)")));
  server_.reset();
  url_ = "http://127.0.0.1" + port;
  EXPECT_THAT(load_error(), HasSubstr("no answer from `127.0.0.1" + port + "`: Failed to connect"));
}

TEST_F(HttpBadInput, AParentWithoutTheNamedColumnIsTold) {
  answer({R"({"data":[{"id":1}]})"});
  SourceTable parent = table_;
  parent.name = "till";
  parent.request = std::make_shared<HttpResource>(resource_);
  resource_.path.value = "till/{uuid}/sale";
  resource_.parent = LocatedText{"till", {}};
  table_.request = std::make_shared<HttpResource>(resource_);
  const Connection from = connection();
  const auto source = make_source(from);
  EXPECT_THAT(error([&] { LoadLake::load(*source, from, {&parent, &table_}); }),
              HasSubstr("no record of `till` has a `uuid`, which `sale` is asked by"));
}

}  // namespace
}  // namespace lochan
