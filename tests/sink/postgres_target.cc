// PostgreSQL, as the contract of sinks sees it.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/sink/contract_target.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

class PostgresTarget final : public ContractTarget {
 public:
  Connection connection() override {
    Connection connection;
    connection.name = "dwh";
    connection.kind = "postgres";
    connection.url = connection.location = database_.url();
    return connection;
  }
  std::vector<std::string> rows(const std::string& columns) override {
    std::vector<std::string> lines;
    for (const auto& row : here_.query(fmt::format("select {} from dwh.sale", columns)).rows) {
      std::string line;
      for (const auto& value : row) line += (line.empty() ? "" : "|") + value.value_or("null");
      lines.push_back(std::move(line));
    }
    std::ranges::sort(lines);
    return lines;
  }
  void empty() override { here_.execute("truncate dwh.sale"); }
  void drop() override { here_.execute("drop table dwh.sale"); }
  void make_foreign() override { here_.execute("create schema dwh; create table dwh.sale (mine text)"); }
  void back_up() override {
    here_.execute("drop schema if exists kept cascade; create schema kept; "
                  "create table kept.sale as table dwh.sale; create table kept.mark as table dwh.lochan_mark");
  }
  // As pg_restore does it: the table is another one of the same name.
  void restore() override {
    here_.execute("drop table dwh.sale; create table dwh.sale as table kept.sale; delete from dwh.lochan_mark; "
                  "insert into dwh.lochan_mark table kept.mark");
  }
  void lock(const std::function<void()>& work) override {
    here_.transaction([&] {
      here_.execute("lock table dwh.sale in access exclusive mode");
      work();
    });
  }
  void change(int id) override { here_.execute(fmt::format("update dwh.sale set what = 'by hand' where id = {}", id)); }
  bool disturb(const std::function<void()>& work) override {
    std::atomic<bool> done = false;
    std::jthread killer([&] {
      PostgresConnection other = database_.connect();
      while (!done) {
        other.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lochan' and datname = "
                    "current_database() and query not like '%pg_terminate%' and pid not in (select pid from "
                    "pg_stat_activity where query like 'listen%')");
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
      }
    });
    work();
    done = true;
    killer.join();
    here_ = database_.connect();
    return true;
  }
  int port() const override {
    const std::string& url = database_.url();
    return std::stoi(url.substr(url.rfind(':') + 1));
  }

 private:
  PostgresDatabase database_;
  PostgresConnection here_ = database_.connect();
};

}  // namespace

std::unique_ptr<ContractTarget> make_postgres_target() { return std::make_unique<PostgresTarget>(); }

}  // namespace lochan
