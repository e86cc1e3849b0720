// One table carried to PostgreSQL, within the connection's open transaction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "sink/postgres_marks.h"
#include "sink/postgres_partitions.h"
#include "sink/postgres_table.h"
#include "sink/sink.h"

namespace lochan {

class PostgresCarry {
 public:
  /// All must outlive it. `schema` is the sink's.
  PostgresCarry(PostgresConnection& connection, PostgresMarks& marks, Session& session, const CarryRequest& request,
                const CarryTable& table, const std::string& schema);

  /// Writes what is new. Nothing that readers of the target would wait for is done yet.
  void write();
  /// What they wait for: a table that was made beside the old one takes its place. Writes the mark.
  void finish();
  const CarriedTable& carried() const { return carried_; }

 private:
  bool is_added() const { return carry_.table->fields == SinkFields::Add; }
  std::string mark_name() const;
  void add_columns();
  void refuse_foreign() const;
  bool is_behind() const;
  void write_new_rows();
  void write_whole();
  void refuse_other_partitions() const;
  void make(TargetTable& table, bool is_frozen);
  /// Of the target, where it is partitioned.
  void make_room_for(const std::string& rows);
  void append();
  bool append_by_loaded_at();
  void merge(const std::optional<std::string>& before);
  bool find_changes(const std::string& before);
  void find_gone(const std::string& before);
  void merge_stage(const std::string& stage, const std::string& gone);
  bool is_same_as(const std::string& before);
  std::int64_t copy(const std::string& table, const std::string& rows, const std::vector<std::string>& columns,
                    std::string_view options = "");
  std::string stage(const std::string& rows, const std::vector<std::string>& columns, std::string_view what);
  std::string key_condition() const;
  Error explain(const Error& error, const std::string& rows);
  std::vector<std::string> names() const;
  std::int64_t count(const std::string& rows);

  PostgresConnection& connection_;
  PostgresMarks& marks_;
  Session& session_;
  const CarryRequest& request_;
  const CarryTable& carry_;
  std::vector<TargetColumn> columns_;
  std::vector<std::string> key_;
  std::optional<RangePartition> partition_;
  Declarations declarations_;
  TargetTable target_;
  std::optional<PostgresMark> mark_;
  bool is_as_left_ = false;                  // the target, by the mark
  std::optional<std::string> rows_then_;     // what the target holds, as the lake had it
  std::unique_ptr<TargetTable> beside_;    // waits to be swapped in
  std::int64_t rows_ = 0;                    // of a log by `_loaded_at`
  CarriedTable carried_;
};

}  // namespace lochan
