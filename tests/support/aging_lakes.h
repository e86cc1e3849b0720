// Two lakes that live through one history, one of them with an archive: what is loaded and built must be the same.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "base/hash.h"
#include "project/read_project.h"
#include "run/aging.h"
#include "run/archive_restore.h"
#include "run/maintain.h"
#include "run/query.h"
#include "run/run.h"

namespace lochan {

class SetClock final : public Clock {
 public:
  explicit SetClock(std::string_view begin) : now_(parse_instant(begin)) {}
  Instant now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Instant now_;
};

/// Steps that failed, and errors.
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

/// One of them: a project in a folder of its own.
class AgingLake {
 public:
  AgingLake(std::filesystem::path folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  /// Anew, with the files as they are now.
  void open() {
    lake_.reset();
    Secrets secrets;
    read_ = std::make_unique<ReadProject>(read_project(folder_, secrets));
    for (const Error& problem : read_->problems) ADD_FAILURE() << problem.what();
    lake_ = std::make_unique<Lake>(read_->project, clock_);
  }
  Lake& lake() { return *lake_; }

  /// What failed in it.
  std::string run(const RunRequest& request = {}) {
    Failures failures;
    lochan::run(lake(), request, failures, {});
    return failures.told;
  }
  MaintainOutcome tend() {
    Failures failures;
    MaintainOutcome outcome = maintain(lake(), {}, failures);
    EXPECT_EQ(failures.told, "");
    return outcome;
  }
  void restore_all() {
    for (const Entry& entry : lake().catalog().entries("main")) {
      if (days_of(entry, kArchivedProperty).empty()) continue;
      RestoreRequest request;
      request.table = entry.table;
      restore_archived(lake(), request);
    }
  }
  std::string rows(const std::string& sql) {
    LakeReader reader(lake(), "");
    std::string text;
    for (const auto& row : reader.session().query(reader.resolve(sql)).rows) {
      for (const auto& cell : row) text += cell.value_or("null") + "|";
      text += "\n";
    }
    return text;
  }
  std::int64_t count(const std::string& table) { return std::stoll(rows("select count(*) from " + table)); }

 private:
  const std::filesystem::path folder_;
  const Clock& clock_;
  std::unique_ptr<ReadProject> read_;
  std::unique_ptr<Lake> lake_;
};

/// Whoever derives from it writes the files of both, and opens them.
class AgingLakes : public testing::Test {
 protected:
  explicit AgingLakes(std::string_view begin)
      : clock_(begin), folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {}
  ~AgingLakes() override {
    archiving_.reset();
    plain_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void run_both(const RunRequest& request = {}) {
    clock_.advance(std::chrono::minutes{1});
    EXPECT_EQ(plain_->run(request), "");
    EXPECT_EQ(archiving_->run(request), "");
  }
  void expect_the_same(const std::string& sql) { EXPECT_EQ(archiving_->rows(sql), plain_->rows(sql)) << sql; }

  SetClock clock_;
  const std::filesystem::path folder_;
  std::unique_ptr<AgingLake> archiving_ = std::make_unique<AgingLake>(folder_ / "archiving", clock_);
  std::unique_ptr<AgingLake> plain_ = std::make_unique<AgingLake>(folder_ / "plain", clock_);
};

/// The key `layers` of the one with an archive.
inline constexpr std::string_view kArchivingLayers = "layers:\n  raw: { archive_after: 10d, archive: ./cold }\n";

}  // namespace lochan
