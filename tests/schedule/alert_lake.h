// A project with alerts, whose runs are written into the journal as runs write them, and a clock that tests set.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "project/read_project.h"
#include "run/journal.h"
#include "run/lake.h"
#include "schedule/alerts.h"
#include "tests/support/test_state.h"

namespace lochan {

class AlertClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void pass(std::chrono::seconds time) { now_ += time; }

 private:
  Instant now_ = parse_instant("2026-11-21 10:00:00+00");
};

class LinesLog final : public Log {
 public:
  void write(LogLevel level, std::string_view message) noexcept override {
    lines.push_back(fmt::format("{}: {}", to_string(level), message));
  }
  std::vector<std::string> lines;
};

class AlertLake : public testing::Test {
 protected:
  AlertLake() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {}
  ~AlertLake() override {
    lake_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// `alerts` is the YAML of the list.
  void open(const std::string& alerts) {
    lake_.reset();
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "lochan.yaml") << "name: fruit_shop\n" << test_state_line(folder_) << "alerts:\n" << alerts;
    ReadProject read = read_project(folder_, secrets_);
    for (const Error& problem : read.problems) ADD_FAILURE() << problem.what();
    project_ = std::move(read.project);
    lake_ = std::make_unique<Lake>(project_, clock_);
  }

  AlertLoopParts parts() { return {project_, lake_->state(), lake_->catalog(), clock_, secrets_, log_}; }

  /// A whole run, ended now.
  std::int64_t add_run(RunState state, std::vector<StepReport> steps, std::vector<CheckResult> checks = {},
                       const std::string& message = "", const std::string& target = "main") {
    Journal journal(lake_->state());
    RunRecord record;
    record.run = journal.next_number();
    record.command = "run";
    record.author = "anna";
    record.target = target;
    record.branch = fmt::format("run-{}", record.run);
    record.started_at = clock_.now();
    journal.insert(record);
    journal.save_steps(record.run, steps);
    for (const CheckResult& check : checks) journal.save_check(record.run, check);
    journal.finish(record.run, state, 0, clock_.now(), message);
    return record.run;
  }
  static StepReport step(const std::string& name, const std::string& error = "") {
    StepReport report;
    report.name = name;
    report.kind = "table";
    report.state = error.empty() ? StepState::Built : StepState::Failed;
    report.error = error;
    if (const auto table = parse_table_name(name)) report.tables.push_back(*table);
    return report;
  }
  static CheckResult check(const std::string& table, const std::string& name, std::int64_t failing) {
    CheckResult result;
    result.table = *parse_table_name(table);
    result.name = name;
    result.failing = failing;
    return result;
  }

  const std::filesystem::path folder_;
  Secrets secrets_;
  AlertClock clock_;
  Project project_;
  std::unique_ptr<Lake> lake_;
  LinesLog log_;
};

}  // namespace lochan
