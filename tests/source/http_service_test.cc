// An API on a bad line: slow, cut in the middle of an answer, gone and back.
#include <gmock/gmock.h>

#include "tests/source/http_load.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

using testing::HasSubstr;

constexpr int kPages = 12;
constexpr int kRecords = 50;  // of a page; 5 kB

class HttpLine : public HttpLoad {
 protected:
  HttpLine() {
    page_by_number();
    settings_.concurrency = 1;
    std::vector<std::string> pages;
    for (int page = 0; page < kPages; ++page) {
      Json data = Json::array();
      for (int i = 0; i < kRecords; ++i) data.push_back({{"id", page * kRecords + i}, {"note", std::string(80, 'x')}});
      pages.push_back(Json{{"data", data}}.dump());
    }
    answer(std::move(pages));
    proxy_ = std::make_unique<Proxy>(server_->port());
    url_ = proxy_->through(url_);
  }
  std::string loaded() {
    return rows("select count(*) || ' ' || count(distinct id) || ' ' || sum(id) from LAKE.raw.sale").front();
  }
  static std::string all() {
    constexpr int kAll = kPages * kRecords;
    return fmt::format("{0} {0} {1}", kAll, kAll * (kAll - 1) / 2);
  }

  std::unique_ptr<Proxy> proxy_;
};

TEST_F(HttpLine, AnswersThatAreCutInTheMiddleAreAskedForAgain) {
  proxy_->cut_after(18'000);  // of a connection: the fourth page doesn't come whole
  load();
  EXPECT_EQ(loaded(), all());
  EXPECT_GT(asked_, kPages);
}

TEST_F(HttpLine, ALineThatIsResetAgainAndAgainIsUnavailable) {
  proxy_->reset_after(20);
  EXPECT_THAT(load_error(),
              AllOf(HasSubstr("unavailable: connection `api`: page 1 of `sale`"), HasSubstr(", 3 times")));
  proxy_->restore();
  load();
  EXPECT_EQ(loaded(), all());
}

TEST_F(HttpLine, ASlowAnswerTakesNoLongerThanItsTimeout) {
  proxy_->delay(5'000);
  settings_.timeout = std::chrono::milliseconds{200};
  EXPECT_THAT(load_error(), AllOf(HasSubstr("unavailable: connection `api`"), HasSubstr("page 1 of `sale`")));
  settings_.timeout = std::chrono::milliseconds{60'000};
  proxy_->restore();
  load();
  EXPECT_EQ(loaded(), all());
}

TEST_F(HttpLine, WhatWasLandedBeforeTheLineWentIsNotAskedForAgain) {
  settings_.retries = 0;
  proxy_->cut_after(33'000);
  EXPECT_THAT(load_error(), HasSubstr("unavailable: connection `api`"));
  const int before = asked_;
  EXPECT_GE(before, 5);
  proxy_->restore();
  load();
  EXPECT_EQ(loaded(), all());
  EXPECT_LE(asked_, kPages + 4) << "of " << before << " before";
}

}  // namespace
}  // namespace lochan
