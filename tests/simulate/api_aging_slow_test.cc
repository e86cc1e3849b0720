// What an API gave grows old: days leave the raw table for the archive by the cursor, and nothing that is loaded or
// built afterwards shows it. Two lakes load from one API, one of them with an archive.
#include <fmt/format.h>

#include "base/http_server.h"
#include "simulate/api.h"
#include "tests/support/aging_lakes.h"

namespace lochan {
namespace {

void write_project(AgingLake& lake, int port, std::string_view layers) {
  lake.write("lochan.yaml",
             fmt::format("name: orders\nconnections: {{ volt: 'http://127.0.0.1:{}' }}\n{}", port, layers));
  lake.write("sources/volt.yaml", R"(
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
  lake.write(
      "models/staging/orders.sql",
      "/* ---\nmaterialized: incremental\nkey: id\n--- */\nselect id, user_id, amount, status, updated_at from "
      "raw.orders "
      "where $since is null or _loaded_at > $since qualify row_number() over (partition by id order by _loaded_at "
      "desc) = 1");
  lake.open();
}

class ApiAgingTest : public AgingLakes {
 protected:
  ApiAgingTest()
      : AgingLakes("2026-06-01T12:00:00Z"),
        api_(config()),
        server_({.threads = 2}, [this](const HttpRequest& request) { return api_.answer(request); }, log_) {
    write_project(*archiving_, server_.port(), kArchivingLayers);
    write_project(*plain_, server_.port(), "");
  }
  static ApiConfig config() {
    ApiConfig config;
    config.orders = 300;
    config.order_interval = std::chrono::hours{6};
    config.tick_interval = std::chrono::milliseconds{0};
    return config;
  }
  void tick(int times) {
    for (int i = 0; i < times; ++i) api_.tick();
  }

  NullLog log_;
  ApiSimulation api_;
  HttpServer server_;
};

TEST_F(ApiAgingTest, OldDaysLeaveAndNothingComesTwice) {
  run_both();
  clock_.advance(std::chrono::hours{24 * 12});
  EXPECT_FALSE(archiving_->tend().has_failed());
  EXPECT_EQ(plain_->count("raw.orders"), 300);
  EXPECT_LT(archiving_->count("raw.orders"), 20) << "the last two days by the cursor stay";
  for (int day = 0; day < 3; ++day) {  // old orders change, and new ones come
    clock_.advance(std::chrono::hours{24 * 6});
    tick(3);
    run_both();
    EXPECT_FALSE(archiving_->tend().has_failed());
    expect_the_same("select * from staging.orders order by id");
  }
  RunRequest full;
  full.full_refresh = true;
  full.select = {"source:volt"};
  tick(1);
  run_both(full);  // all is asked for again: what is archived is compared with, too
  archiving_->restore_all();
  expect_the_same("select * exclude (_run) from raw.orders order by all");
}

}  // namespace
}  // namespace lochan
