// Alerts all the way: rows of runs that failed, a real mail server, a webhook that answers.
#include <gmock/gmock.h>

#include <mutex>

#include "base/http_server.h"
#include "base/json.h"
#include "tests/schedule/alert_lake.h"
#include "tests/support/mail_server.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

class AlertServiceTest : public AlertLake {
 protected:
  HttpResponse answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    HttpResponse response;
    response.status = status_;
    response.body = "as told\n";
    return response;
  }
  void step() { AlertLoop(parts()).step(); }

  const std::string address_ = new_address();
  std::mutex mutex_;
  std::vector<HttpRequest> requests_;  // guarded by mutex_, as is:
  int status_ = 200;
  NullLog null_log_;
  HttpServer server_{{}, [this](const HttpRequest& request) { return answer(request); }, null_log_};
};

TEST_F(AlertServiceTest, ArriveByMailAndByWebhook) {
  open(
      fmt::format("  - {{ on: failed, group: 0, smtp: smtp://{}, to: [{}], from: lake@example.com }}\n"
                  "  - {{ on: failed, group: 0, webhook: 'http://127.0.0.1:{}/hooks/abcdef?x=1' }}\n",
                  mail_servers().plain, address_, server_.port()));
  step();
  add_run(RunState::Failed, {AlertLake::step("mart.sales", "nie można: „ą”\n.")});
  step();
  const auto mails = taken_mails(address_);
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_EQ(mails[0].subject, "[fruit_shop] `mart.sales` failed");
  EXPECT_EQ(mails[0].from, "lake@example.com");
  EXPECT_THAT(mails[0].text, testing::HasSubstr("  nie można: „ą”\r\n  .\r\n"));
  EXPECT_THAT(mails[0].defects, testing::IsEmpty());
  ASSERT_EQ(requests_.size(), 1u);
  EXPECT_EQ(requests_[0].method, "POST");
  EXPECT_EQ(requests_[0].path, "/hooks/abcdef");
  EXPECT_EQ(requests_[0].header("content-type"), "application/json");
  EXPECT_FALSE(requests_[0].header("idempotency-key").empty());
  const Json json = Json::parse(requests_[0].body);
  EXPECT_EQ(json["project"], "fruit_shop");
  EXPECT_EQ(json["events"][0]["event"], "failed");
  EXPECT_EQ(json["events"][0]["tables"][0], "mart.sales");
}

TEST_F(AlertServiceTest, CutOffMailComesOnceTheServerIsBack) {
  const Proxy proxy(mail_servers().port());
  open(fmt::format("  - {{ on: failed, group: 0, smtp: {}, to: {} }}\n",
                   proxy.through("smtp://" + mail_servers().plain), address_));
  step();
  add_run(RunState::Failed, {AlertLake::step("mart.sales", "broken")});
  proxy.cut();
  step();
  EXPECT_THAT(taken_mails(address_), testing::IsEmpty());
  ASSERT_EQ(AlertLoop(parts()).problems().size(), 1u);
  proxy.restore();
  clock_.pass(std::chrono::seconds{10});
  step();
  step();
  EXPECT_EQ(taken_mails(address_).size(), 1u);
  EXPECT_THAT(AlertLoop(parts()).problems(), testing::IsEmpty());
}

TEST_F(AlertServiceTest, WebhookThatRefusesIsToldWithoutItsSecret) {
  open(fmt::format("  - {{ on: failed, group: 0, webhook: 'http://127.0.0.1:{}/hooks/abcdef' }}\n", server_.port()));
  step();
  add_run(RunState::Failed, {AlertLake::step("mart.sales", "broken")});
  status_ = 403;
  step();
  ASSERT_EQ(log_.lines.size(), 1u);
  EXPECT_EQ(log_.lines[0], fmt::format("warn: alert `alert_1` was not sent ([fruit_shop] `mart.sales` failed): "
                                       "`127.0.0.1:{}` answered 403: as told",
                                       server_.port()));
  status_ = 204;
  clock_.pass(std::chrono::seconds{10});
  step();
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_EQ(requests_[0].header("idempotency-key"), requests_[1].header("idempotency-key"));
  EXPECT_EQ(requests_[0].body, requests_[1].body);
}

}  // namespace
}  // namespace lochan
