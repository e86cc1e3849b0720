#include "source/http_page.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

TEST(LaterValue, ComparesNumbersTimesAndTexts) {
  struct Case {
    std::string a, b, later;
  };
  for (const Case& each : {Case{"9", "10", "10"}, Case{"2026-01-01T10:00:00Z", "2026-01-01T10:30:00+01:00", "2026-01-01T10:00:00Z"},
                           Case{"2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.49Z", "2026-01-01T10:00:00.5Z"},
                           Case{"2026-01-31", "2026-02-01", "2026-02-01"}, Case{"b", "abc", "b"}, Case{"", "x", "x"}})
    EXPECT_EQ(later_value(each.a, each.b), each.later) << each.a << " " << each.b;
}

TEST(EarlierValue, IsAsTheValueIsWritten) {
  using std::chrono::seconds;
  EXPECT_EQ(earlier_value("2026-01-01T00:00:10Z", seconds{0}), "2026-01-01T00:00:10Z");
  EXPECT_EQ(earlier_value("2026-01-01T00:00:10Z", seconds{15}), "2025-12-31T23:59:55.000Z");
  EXPECT_EQ(earlier_value("2026-01-01", std::chrono::hours{24}), "2025-12-31");
  EXPECT_EQ(earlier_value("1767225610", seconds{10}), "1767225600");
  EXPECT_EQ(earlier_value("1767225610000", seconds{10}), "1767225600000");
  EXPECT_EQ(earlier_value("v7", seconds{10}), "v7");
}

HttpResource at(const std::string& records, HttpPagination pagination = {}) {
  HttpResource resource;
  resource.records.value = records;
  resource.pagination = std::move(pagination);
  return resource;
}

TEST(HttpPage, FindsRecordsTheNextPageAndTheGreatestCursor) {
  HttpPageReader reader;
  const HttpPage page = reader.read(R"({"data":{"items":[{"id":1,"at":5},{"id":2,"at":12},{"id":3}]},"meta":{"next":"abc"}})",
                                    at("data.items", {.by = HttpPaging::Cursor, .at = {"meta.next", {}}}), "at");
  EXPECT_EQ(page.records, 3);
  EXPECT_EQ(page.next, "abc");
  EXPECT_EQ(page.reached, "12");
}

TEST(HttpPage, NothingLeadsOnWhereTheCursorIsNullFalseOrMissing) {
  HttpPageReader reader;
  const HttpResource resource = at("data", {.by = HttpPaging::Cursor, .at = {"next", {}}});
  for (const std::string end : {"", R"(,"next":null)", R"(,"next":false)", R"(,"next":"")"})
    EXPECT_EQ(reader.read(R"({"data":[{"id":1}])" + end + "}", resource, "").next, "") << end;
  EXPECT_EQ(reader.read(R"({"data":[{"id":1}],"next":0})", resource, "").next, "0");
}

TEST(HttpPage, TwoPagesOfTheSameRecordsHaveOneSignature) {
  HttpPageReader reader;
  const auto signature = [&](const std::string& body) { return reader.read(body, at("d"), "").signature; };
  EXPECT_EQ(signature(R"({"d":[{"a":1}],"time":1})"), signature(R"({"d": [ {"a":1} ],"time":2})"));
  EXPECT_NE(signature(R"({"d":[{"a":1}]})"), signature(R"({"d":[{"a":2}]})"));
}

TEST(HttpPage, NoBodyMakesItFail) {
  HttpPageReader reader;
  const std::string sound = R"({"data":{"items":[{"id":1,"at":"2026-01-01"},{"id":"x"}]},"next":"y"})";
  const HttpResource resource = at("data.items", {.by = HttpPaging::Cursor, .at = {"next", {}}});
  for (std::size_t size = 0; size < sound.size(); ++size)
    EXPECT_THROW(reader.read(sound.substr(0, size), resource, "at"), Error) << size;
  for (std::size_t i = 0; i < sound.size(); ++i)
    for (const char letter : {'\0', '"', '{', ']', '9', '\xff'}) {
      std::string broken = sound;
      broken[i] = letter;
      try {
        reader.read(broken, resource, "at");
      } catch (const Error& error) {
        EXPECT_FALSE(error.message().empty());
      }
    }
}

}  // namespace
}  // namespace lochan
