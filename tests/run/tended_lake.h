// A lake of a project with a folder of CSV files, whose clock a test sets: each run loads what was dropped since.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/hash.h"
#include "project/read_project.h"
#include "run/maintain.h"
#include "run/query.h"
#include "run/run.h"
#include "tests/support/test_state.h"

namespace lochan {

class TendedLake : public testing::Test {
 protected:
  class SetClock final : public Clock {
   public:
    Instant now() const override {
      if (when_asked_ && std::this_thread::get_id() == asked_by_) when_asked_();
      return now_;
    }
    void advance(std::chrono::microseconds by) { now_ += by; }
    /// Is called whenever this thread asks for the time, until it is set to nothing.
    void when_asked(std::function<void()> work) { when_asked_ = std::move(work); }

   private:
    const std::thread::id asked_by_ = std::this_thread::get_id();
    std::function<void()> when_asked_;
    // In the past: the engine takes no metadata that is later than the machine's clock.
    Instant now_ = parse_instant("2026-01-01T12:00:00Z");
  };

  class Quiet final : public Observer {
   public:
    void run_started(std::int64_t, int) override {}
    void step_started(const StepReport&) override {}
    void step_finished(const StepReport& step) override {
      if (step.state == StepState::Failed) ADD_FAILURE() << step.name << ": " << step.error;
    }
    void check_finished(const CheckResult&) override {}
    void write(LogLevel level, std::string_view message) noexcept override {
      if (level == LogLevel::Error) ADD_FAILURE() << message;
    }
  };

  TendedLake() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    write("lochan.yaml", "name: tended\nconnections:\n  drop: files:./drop\n");
    write("sources/drop.yaml",
          "source: drop\nfrom: [drop]\ntables:\n  sale:\n    load: incremental\n    from: '*.csv'\n");
  }
  ~TendedLake() override {
    lake_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text << (name == "lochan.yaml" ? test_state_line(folder_) : "");
  }

  /// Opens it anew, as another process would.
  Lake& open() {
    lake_.reset();
    Secrets secrets;
    read_ = std::make_unique<ReadProject>(read_project(folder_, secrets));
    for (const Error& problem : read_->problems) ADD_FAILURE() << problem.what();
    lake_ = std::make_unique<Lake>(read_->project, clock_);
    return *lake_;
  }
  Lake& lake() { return lake_ ? *lake_ : open(); }
  void close() { lake_.reset(); }
  const Project& project() const { return read_->project; }

  /// A file of so many rows, and a run.
  void drop_and_run(int rows = 10) {
    std::string text = "id,amount\n";
    for (int i = 0; i < rows; ++i, ++last_id_) text += fmt::format("{},{}\n", last_id_, last_id_ % 7);
    write(fmt::format("drop/{:04}.csv", ++dropped_), text);
    clock_.advance(std::chrono::minutes{1});
    EXPECT_EQ(run().state, RunState::Succeeded);
  }
  RunOutcome run(RunRequest request = {}) {
    Quiet quiet;
    return lochan::run(lake(), request, quiet, {});
  }
  MaintainOutcome tend(MaintainRequest request = {}) {
    // What is there was written by this clock too.
    const auto then = std::chrono::file_clock::from_sys(std::chrono::time_point_cast<std::chrono::seconds>(clock_.now()));
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "lake"))
      if (file.is_regular_file()) std::filesystem::last_write_time(file.path(), then);
    clock_.advance(std::chrono::minutes{1});
    Quiet quiet;
    return maintain(lake(), request, quiet);
  }

  std::string ask(const std::string& sql, const std::string& ref = "") {
    LakeReader reader(lake(), ref);
    std::string text;
    for (const auto& row : reader.session().query(reader.resolve(sql)).rows)
      for (const auto& cell : row) text += (text.empty() ? "" : "|") + cell.value_or("null");
    return text;
  }
  Entry entry(const TableName& table) { return *lake().catalog().find("main", table); }
  std::size_t data_files(const TableName& table) {
    return read_lake_files(lake().catalog(), entry(table)).size();
  }

  SetClock clock_;
  const std::filesystem::path folder_;

 private:
  std::unique_ptr<ReadProject> read_;
  std::unique_ptr<Lake> lake_;
  int dropped_ = 0, last_id_ = 0;
};

}  // namespace lochan
