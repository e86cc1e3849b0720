// What is asked for a page, and what stands in braces.
#include "source/http_extraction.h"

#include <gmock/gmock.h>

namespace lochan {
namespace {

using testing::ElementsAre;

struct Asked {
  SourceTable table;
  HttpResource resource;
  Connection connection;

  Asked() {
    table.name = table.from = "orders";
    connection.name = "api";
    connection.location = "https://api.example.com/v1";
  }
  HttpAsk ask(const ParentRecord* parent, int page = 1, const std::string& next = "") {
    table.request = std::make_shared<HttpResource>(resource);
    return ask_for_page(connection, table, "2026-01-01", parent, page, next);
  }
};

TEST(HttpExtraction, AParentsColumnsStandInPathParametersAndBody) {
  Asked asked;
  asked.resource.path.value = "users/{id}/orders";
  asked.resource.method = "POST";
  asked.resource.params = {{"q", "{name} since $since"}};
  asked.resource.body.value = R"({"names": ["{name}"], "n": 3, "{name}": 1, "since": "$since"})";
  const ParentRecord parent{{"id", "a/b"}, {"name", "Tom & Co"}};
  const HttpAsk ask = asked.ask(&parent);
  EXPECT_EQ(ask.url, "https://api.example.com/v1/users/a%2Fb/orders?q=Tom%20%26%20Co%20since%202026-01-01");
  EXPECT_EQ(ask.body, R"({"n":3,"names":["Tom & Co"],"since":"2026-01-01","{name}":1})");
}

TEST(HttpExtraction, TheNextPageStandsInTheBodyOrTheQuery) {
  Asked asked;
  asked.resource.path.value = "searches";
  asked.resource.method = "POST";
  asked.resource.body.value = R"({"limit": 2})";
  asked.resource.pagination.by = HttpPaging::Keyset;
  asked.resource.pagination.in_body = true;
  EXPECT_EQ(asked.ask(nullptr, 2, "u-7").body, R"({"after_id":"u-7","limit":2})");
  asked.resource.pagination.in_body = false;
  EXPECT_EQ(asked.ask(nullptr, 2, "u-7").url, "https://api.example.com/v1/searches?after_id=u-7");
}

TEST(HttpExtraction, OnlyNamesStandInBraces) {
  HttpResource resource;
  resource.path.value = "users/{id}/{place.city}";
  resource.params = {{"filter", R"({"a": 1})"}, {"q", "{name}{}"}};
  resource.body.value = R"({"x": "{city}"})";
  EXPECT_THAT(names_in_braces(resource), ElementsAre("city", "id", "name", "place.city"));
}

}  // namespace
}  // namespace lochan
