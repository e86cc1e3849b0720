// A catalog over a real SQLite file and a real folder, with a clock that a test sets.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/json.h"
#include "catalog/catalog.h"
#include "catalog/table_access.h"

namespace lochan {

class SetClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  Instant now_ = parse_instant("2026-11-21T03:46:00Z");
};

inline const TableName kSale{"raw", "sale"};
inline const TableName kDay{"mart", "day"};

class LakeTest : public testing::Test {
 protected:
  LakeTest();
  ~LakeTest() override;

  /// Makes the catalog anew, as another process would.
  void open(CatalogOptions options = {});
  std::filesystem::path folder() const { return folder_; }
  Database& state() { return *state_; }

  /// What an engine may do on `ref`; no tables: any.
  TableAccess access(const Ref& ref, std::vector<TableName> tables = {}, bool may_write = true);

  /// Metadata of a table as a ref shows it, and as its file has it.
  Json load(const Ref& ref, const TableName& table);
  Json file(const std::string& location);
  std::vector<std::string> names(const Ref& ref);

  /// A table `id bigint, name varchar` on a branch, as DuckDB makes one: staged create, then one commit, with a
  /// snapshot unless `snapshot` is 0.
  void make_table(const Ref& ref, const TableName& table, std::int64_t snapshot, Json request = Json::object());
  /// A commit with one more snapshot.
  void append(const Ref& ref, const TableName& table, std::int64_t snapshot, const std::string& operation = "append");
  void drop(const Ref& ref, const TableName& table) { access(ref, {table}).drop_table(table, false); }

  /// A run: branch, a snapshot for the table (made when it is missing), publish.
  std::int64_t publish_append(const std::string& branch, const TableName& table, std::int64_t snapshot);
  PublishOutcome publish(const std::string& branch, std::vector<TableName> tables, std::vector<TableName> guards = {});

  SetClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<Database> state_;
  std::unique_ptr<ObjectStore> store_;
  std::unique_ptr<Catalog> catalog_;
};

/// A commit as clients send it: updates for a snapshot on top of `metadata`.
TableCommit snapshot_commit(const TableName& table, const Json& metadata, std::int64_t snapshot,
                            const std::string& operation = "append");
/// The commit that ends a staged create, as DuckDB sends it.
TableCommit create_commit(const TableName& table, const Json& staged, std::int64_t snapshot);
Json create_request(const std::string& name, bool staged);
/// `{"name": type, …}` in order, ids counted from 1.
Json schema_request(const std::vector<std::pair<std::string, Json>>& fields);
std::vector<std::int64_t> snapshot_ids(const Json& metadata);
std::vector<std::int64_t> log_ids(const Json& metadata);

/// The kind of the Error that `work` throws; fails the test when it throws none.
template <typename Work>
ErrorKind error_kind(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::Internal;
}

}  // namespace lochan
