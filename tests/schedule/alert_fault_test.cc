// A process that ends before any write of the alerts' rows: in the end each failure is in one message, and each message
// was sent.
#include <gmock/gmock.h>

#include <set>

#include "tests/schedule/alert_lake.h"

namespace lochan {
namespace {

struct Killed {};

/// Ends the process, as far as the rows show, before the statement of that number that writes.
class DyingDatabase final : public Database {
 public:
  DyingDatabase(Database& inner, int last) : inner_(inner), left_(last) {}
  using Database::execute;
  using Database::query;
  std::vector<DbRow> query(std::string_view sql, std::span<const DbValue> values) override {
    return inner_.query(sql, values);
  }
  std::int64_t execute(std::string_view sql, std::span<const DbValue> values) override {
    if (left_-- <= 0) throw Killed{};
    return inner_.execute(sql, values);
  }
  void write(const std::function<void()>& work) override { inner_.write(work); }
  void write_synced(const std::function<void()>& work) override { inner_.write_synced(work); }

 private:
  Database& inner_;
  int left_;
};

class AlertFaultTest : public AlertLake {
 protected:
  /// False when it was killed before that write.
  bool step(Database& state) {
    AlertLoopParts all = parts();
    AlertLoopParts with_state{all.project, state, all.catalog, all.clock, all.secrets, all.log};
    try {
      AlertLoop(with_state, [this](const AlertConfig&, const AlertMessage& message, Instant) -> std::string {
        sent_.insert(message.identity + message.subject);
        return "";
      }).step();
    } catch (const Killed&) {
      return false;
    }
    return true;
  }
  std::int64_t count(const std::string& sql) { return lake_->state().query(sql)[0].integer(0); }

  std::set<std::string> sent_;
};

TEST_F(AlertFaultTest, EachFailureIsToldInOneMessageWhereverItWasKilled) {
  open("  - { on: [failed, audit_failed, recovered], group: 0, smtp: smtp://mail, to: data@example.com }\n");
  ASSERT_TRUE(step(lake_->state()));
  std::int64_t failures = 0;
  for (int last = 0;; ++last) {
    const std::string table = fmt::format("mart.t{}", last);
    add_run(RunState::Failed, {AlertLake::step(table, "broken")}, {check(table, "unique_id", 1)});
    DyingDatabase dying(lake_->state(), last);
    const bool lived = step(dying);
    ASSERT_TRUE(step(lake_->state()));
    failures += 2;
    EXPECT_EQ(count("select count(*) from alert_event where event in ('failed', 'audit_failed')"), failures) << last;
    EXPECT_EQ(count("select count(*) from alert_event where message = 0"), 0) << last;
    EXPECT_EQ(count("select count(*) from alert_message where state <> 'sent'"), 0) << last;
    EXPECT_EQ(count("select count(*) from alert_message"), static_cast<std::int64_t>(sent_.size())) << last;
    if (lived) break;
    ASSERT_LT(last, 100);
  }
  EXPECT_GE(failures, 2 * 9) << "it writes more often than that";
}

}  // namespace
}  // namespace lochan
