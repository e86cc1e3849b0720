// Two databases and a project that migrates tables from the one to the other.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "project/read_project.h"
#include "run/migrate.h"
#include "tests/support/postgres_server.h"

namespace lochan {

class MigrateTest : public testing::Test {
 protected:
  class Remembering final : public Observer {
   public:
    void run_started(std::int64_t, int) override {}
    void step_started(const StepReport& step) override {
      if (on_step) on_step(step);
    }
    void step_finished(const StepReport&) override {}
    void check_finished(const CheckResult&) override {}
    void write(LogLevel, std::string_view) noexcept override {}
    std::function<void(const StepReport&)> on_step;
  };

  MigrateTest() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    connect(old_.url(), new_.url());
  }
  ~MigrateTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / name) << text;
  }
  void connect(const std::string& from, const std::string& to) {
    write("lochan.yaml",
          fmt::format("name: moving\nconnections:\n  old: {}\n  new: {}\n  file: sqlite:a.db\n", from, to));
  }

  /// As another process would.
  MigrateOutcome migrate(std::stop_token stop = {}) {
    Secrets secrets;
    const ReadProject read = read_project(folder_, secrets);
    for (const Error& problem : read.problems) ADD_FAILURE() << problem.what();
    const SystemClock clock;
    Lake lake(read.project, clock);
    return migrate_tables(lake, {.file = folder_ / "tables.json", .from = from_, .to = to_, .author = "anna"},
                          observer_, stop);
  }
  /// Kind, message and hint of what it throws; else of its first failed step, or its state.
  std::string result() {
    try {
      const MigrateOutcome outcome = migrate();
      for (const StepReport& step : outcome.steps)
        if (step.state == StepState::Failed) return fmt::format("{}: {}", step.name, step.error);
      return std::string(to_string(outcome.state));
    } catch (const Error& error) {
      std::string text = error.what();
      const std::string folder = folder_.string() + "/";
      for (std::size_t at = text.find(folder); at != std::string::npos; at = text.find(folder))
        text.erase(at, folder.size());
      return text;
    }
  }

  static std::string rows(const PostgresDatabase& database, const std::string& sql) {
    auto connection = database.connect();
    connection.execute("set search_path to dwh, shop");  // the first is at the target only
    std::string text;
    for (const auto& row : connection.query(sql).rows) {
      std::string line;
      for (const PostgresValue& value : row) line += (line.empty() ? "" : "|") + value.value_or("null");
      text += (text.empty() ? "" : "; ") + line;
    }
    return text;
  }

  PostgresDatabase old_, new_;
  const std::filesystem::path folder_;
  std::string from_ = "old", to_ = "new";
  Remembering observer_;
};

}  // namespace lochan
