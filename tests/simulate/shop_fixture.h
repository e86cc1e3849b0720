// A folder for a shop's files, a log that remembers, a clock that is set by hand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/sqlite_database.h"
#include "simulate/shop.h"

namespace lochan {

class RememberingLog final : public Log {
 public:
  void write(LogLevel level, std::string_view message) noexcept override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(fmt::format("{} {}", to_string(level), message));
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

/// Each look at it moves it on by a step.
class SteppingClock final : public Clock {
 public:
  SteppingClock(Instant start, std::chrono::microseconds step) : now_(to_micros(start)), step_(step.count()) {}
  Instant now() const override { return instant_from_micros(now_.fetch_add(step_)); }

 private:
  mutable std::atomic<std::int64_t> now_;
  std::int64_t step_;
};

class ShopTest : public testing::Test {
 protected:
  ShopTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) /
              fmt::format("lochan_{}_{}_{}", test->test_suite_name(), test->name(), getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ShopTest() override { std::filesystem::remove_all(folder_); }

  static ShopConfig fast(std::int64_t ticks) {
    ShopConfig config;
    config.fast = true;
    config.ticks = ticks;
    config.tick_interval = std::chrono::minutes{10};
    return config;
  }

  std::filesystem::path file(const std::string& name) const { return folder_ / (name + ".db"); }

  /// Lives in the file, and closes it.
  void simulate(const std::string& name, const ShopConfig& config, const std::string& file_name = "") {
    const auto database = open_sqlite(file(file_name.empty() ? name : file_name));
    simulate_shop(*database, name, config, SystemClock(), log_, {});
  }

  /// The rows of a query, a line each, columns separated by `|`.
  std::string rows(const std::string& name, const std::string& sql) const {
    const auto database = open_sqlite(file(name), {.read_only = true});
    std::string text;
    for (const DbRow& row : database->query(sql)) {
      for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "|") + row.text(i);
      text += "\n";
    }
    return text;
  }
  std::string value(const std::string& name, const std::string& sql) const {
    const std::string text = rows(name, sql);
    return text.empty() ? "" : text.substr(0, text.size() - 1);
  }

  /// Every row of every table.
  std::string content(const std::string& name) const {
    std::string text;
    for (const char* table : {"customer", "product", "employee", "sale", "sale_item", "generator_state"})
      text += fmt::format("{}:\n{}", table, rows(name, fmt::format("select * from {} order by 1", table)));
    return text;
  }

  std::filesystem::path folder_;
  RememberingLog log_;
};

}  // namespace lochan
