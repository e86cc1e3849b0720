// A lake in a folder of its own with the real catalog, server and engine, worked on as runs do: on a branch that is then
// published, after which the next branch begins.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "catalog/catalog.h"
#include "catalog/described_size.h"
#include "catalog/rest_server.h"
#include "engine/engine.h"
#include "tests/support/test_state.h"
#include "tests/support/test_store.h"

namespace lochan {

class RunLake : public testing::Test {
 protected:
  explicit RunLake(std::vector<TableName> tables, std::vector<std::string> immutable_layers = {})
      : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())), tables_(std::move(tables)) {
    std::filesystem::create_directories(folder_);
    state_ = open_test_state(folder_);
    migrate(*state_, Catalog::migrations());
    store_ = make_test_store(folder_ / "lake");
    CatalogOptions options;
    options.project_tables = tables_;
    options.immutable_layers = std::move(immutable_layers);
    catalog_ = std::make_unique<Catalog>(*state_, *store_, clock_, options);
    server_ = std::make_unique<RestServer>(*catalog_, RestServerOptions{});
    begin_run();
  }
  ~RunLake() override {
    session_.reset();
    server_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// Publishes what the run made of these tables, with these properties, and begins the next run.
  void publish(std::vector<PublishTable> tables) {
    session_.reset();
    PublishRequest request;
    request.branch = branch();
    request.tables = std::move(tables);
    request.run = run_;
    ASSERT_TRUE(catalog_->publish(request).published);
    begin_run();
  }

  /// A step that failed: what its run wrote is never seen.
  void abandon() {
    session_.reset();
    catalog_->mark_branch(branch(), BranchState::Dropped);
    begin_run();
  }

  std::string branch() const { return fmt::format("run-{}", run_); }
  std::int64_t run() const { return run_; }
  ObjectStore& store() { return *store_; }
  const Clock& clock() const { return clock_; }
  Session& session() { return *session_; }
  std::optional<Entry> find(const TableName& table) const { return catalog_->find(branch(), table); }
  std::optional<DescribedSize> size(const TableName& table) const {
    const auto entry = find(table);
    return entry ? described_size(*catalog_, *entry) : std::nullopt;
  }

  /// `LAKE` in a text is the branch's lake.
  std::string in_place(std::string sql) const {
    for (std::size_t at = sql.find("LAKE"); at != std::string::npos; at = sql.find("LAKE")) sql.replace(at, 4, session_->lake());
    return sql;
  }
  /// Each row's values with a `|` between them.
  std::vector<std::string> rows(const std::string& sql) {
    std::vector<std::string> lines;
    for (const auto& row : session_->query(in_place(sql)).rows) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) line += (i == 0 ? "" : "|") + row[i].value_or("null");
      lines.push_back(line);
    }
    return lines;
  }
  std::int64_t count(const std::string& sql) { return session_->query(in_place(sql)).integer(); }

  /// What `work` throws: kind, message and hint, as `Data: message (hint)`.
  template <typename Work>
  static std::string error(Work&& work) {
    try {
      work();
    } catch (const Error& caught) {
      const std::string hint = caught.hint().empty() ? "" : fmt::format(" ({})", caught.hint());
      return fmt::format("{}: {}{}", to_string(caught.kind()), caught.message(), hint);
    }
    return "nothing was thrown";
  }

  const std::filesystem::path folder_;

 private:
  void begin_run() {
    ++run_;
    catalog_->create_branch(branch(), BranchKind::Run);
    TokenScope scope;
    scope.ref = branch();
    scope.may_write = true;
    scope.tables = tables_;
    session_ = engine_.open_session(LakeBinding{server_->uri(), branch(), catalog_->grant_token(scope)});
  }

  const std::vector<TableName> tables_;
  const SystemClock clock_;
  std::unique_ptr<Database> state_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<RestServer> server_;
  Engine engine_{EngineOptions{.threads = 2}};
  std::unique_ptr<Session> session_;
  std::int64_t run_ = 0;
};

}  // namespace lochan
