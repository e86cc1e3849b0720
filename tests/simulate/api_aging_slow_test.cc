// What an API gave grows old: days leave the raw table for the archive by the cursor, and nothing that is loaded or
// built afterwards shows it. Two lakes load from one API, one of them with an archive.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/hash.h"
#include "base/http_server.h"
#include "project/read_project.h"
#include "run/archive_restore.h"
#include "run/maintain.h"
#include "run/query.h"
#include "run/run.h"
#include "simulate/api.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class SetClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Instant now_ = parse_instant("2026-06-01T12:00:00Z");
};

class Failures final : public Observer {
 public:
  void run_started(std::int64_t, int) override {}
  void step_started(const StepReport&) override {}
  void step_finished(const StepReport& step) override {
    if (step.state == StepState::Failed) told += step.name + ": " + step.error + "\n";
  }
  void check_finished(const CheckResult&) override {}
  void write(LogLevel level, std::string_view message) noexcept override {
    if (level == LogLevel::Error) told += std::string(message) + "\n";
  }
  std::string told;
};

class LakeOfOrders {
 public:
  LakeOfOrders(const fs::path& folder, int port, const Clock& clock, const std::string& layers)
      : folder_(folder), clock_(clock) {
    write("lochan.yaml", fmt::format("name: orders\nconnections: {{ volt: 'http://127.0.0.1:{}' }}\n{}", port, layers));
    write("sources/volt.yaml", R"(
source: volt
from: volt
tables:
  orders:
    load: incremental
    cursor: updated_at
    lookback: 10m
    key: id
    request: { path: cursor/orders, records: data, params: { updated_since: $since }, start: '2020-01-01T00:00:00Z',
               pagination: { by: cursor, at: meta.next_cursor, size: 1000, size_param: limit } }
)");
    write("models/staging/orders.sql",
          "/* ---\nmaterialized: incremental\nkey: id\n--- */\nselect id, user_id, amount, status, updated_at from "
          "raw.orders "
          "where $since is null or _loaded_at > $since qualify row_number() over (partition by id order by _loaded_at "
          "desc) = 1");
    open();
  }
  void open() {
    lake_.reset();
    Secrets secrets;
    read_ = std::make_unique<ReadProject>(read_project(folder_, secrets));
    for (const Error& problem : read_->problems) ADD_FAILURE() << problem.what();
    lake_ = std::make_unique<Lake>(read_->project, clock_);
  }
  void run(RunRequest request = {}) {
    Failures failures;
    lochan::run(*lake_, request, failures, {});
    EXPECT_EQ(failures.told, "");
  }
  void tend() {
    Failures failures;
    EXPECT_FALSE(maintain(*lake_, {}, failures).has_failed());
    EXPECT_EQ(failures.told, "");
  }
  void restore() {
    RestoreRequest request;
    request.table = {"raw", "orders"};
    restore_archived(*lake_, request);
  }
  std::string rows(const std::string& sql) {
    LakeReader reader(*lake_, "");
    std::string text;
    for (const auto& row : reader.session().query(reader.resolve(sql)).rows) {
      for (const auto& cell : row) text += cell.value_or("null") + "|";
      text += "\n";
    }
    return text;
  }
  std::int64_t count() { return std::stoll(rows("select count(*) from raw.orders")); }

 private:
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  const fs::path folder_;
  const Clock& clock_;
  std::unique_ptr<ReadProject> read_;
  std::unique_ptr<Lake> lake_;
};

class ApiAgingTest : public testing::Test {
 protected:
  ApiAgingTest()
      : folder_(fs::temp_directory_path() / ("lochan-" + random_uuid())),
        api_(config()),
        server_({.threads = 2}, [this](const HttpRequest& request) { return api_.answer(request); }, log_) {
    archiving_ = std::make_unique<LakeOfOrders>(folder_ / "archiving", server_.port(), clock_,
                                                "layers:\n  raw: { archive_after: 10d, archive: ./cold }\n");
    plain_ = std::make_unique<LakeOfOrders>(folder_ / "plain", server_.port(), clock_, "");
  }
  ~ApiAgingTest() override {
    archiving_.reset();
    plain_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  static ApiConfig config() {
    ApiConfig config;
    config.orders = 300;
    config.order_interval = std::chrono::hours{6};
    config.tick_interval = std::chrono::milliseconds{0};
    return config;
  }
  void run_both(int ticks, RunRequest request = {}) {
    for (int i = 0; i < ticks; ++i) api_.tick();
    clock_.advance(std::chrono::minutes{1});
    plain_->run(request);
    archiving_->run(request);
  }
  void expect_the_same(const std::string& sql) { EXPECT_EQ(archiving_->rows(sql), plain_->rows(sql)) << sql; }

  SetClock clock_;
  const fs::path folder_;
  NullLog log_;
  ApiSimulation api_;
  HttpServer server_;
  std::unique_ptr<LakeOfOrders> archiving_, plain_;
};

TEST_F(ApiAgingTest, OldDaysLeaveAndNothingComesTwice) {
  run_both(0);
  clock_.advance(std::chrono::hours{24 * 12});
  archiving_->tend();
  EXPECT_EQ(plain_->count(), 300);
  EXPECT_LT(archiving_->count(), 20) << "the last two days by the cursor stay";
  for (int day = 0; day < 3; ++day) {  // old orders change, and new ones come
    clock_.advance(std::chrono::hours{24 * 6});
    run_both(3);
    archiving_->tend();
    expect_the_same("select * from staging.orders order by id");
  }
  RunRequest full;
  full.full_refresh = true;
  full.select = {"source:volt"};
  run_both(1, full);  // all is asked for again: what is archived is compared with, too
  archiving_->restore();
  expect_the_same("select * exclude (_run) from raw.orders order by all");
}

}  // namespace
}  // namespace lochan
