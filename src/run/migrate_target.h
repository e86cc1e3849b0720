// The target of a migration: what is there, whether it fits, and making what is missing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "run/migrate_definitions.h"
#include "run/migrate_marks.h"

namespace lochan {

/// A column whose values are carried over.
struct CarriedColumn {
  std::string name;
  std::string cast;  // the target's type where that is wider, else ""
};

class MigrateTarget {
 public:
  /// All must outlive it. The connection's search path becomes the target's schemas.
  MigrateTarget(PostgresConnection& target, const std::vector<MigratedTable>& queue, const Definitions& definitions,
                std::string from);

  /// Nobody else migrates into these schemas until the connection ends. Throws Error{Conflict}.
  void lock();
  /// Throws, before anything was written, for what doesn't fit: a column missing or of another type, rows that no
  /// migration brought, rights that are missing.
  void check();

  /// Of the target's columns, those that the source has.
  const std::vector<CarriedColumn>& columns(const MigratedTable& table) const { return columns_.at(table.name); }
  const MigrateMark* mark(const MigratedTable& table) const;

  /// Types, functions, sequences and tables that are missing, with their marks. Within a transaction, as all below.
  void make_missing(std::int64_t run);
  bool is_anything_missing() const { return is_anything_missing_; }
  void save_copied(const MigratedTable& table, const RowsDigest& rows, std::int64_t run) {
    marks_.save_copied(table, from_, rows, run);
  }
  /// Keys, checks and indexes of a table that the migration made, when its rows are there.
  void complete(const MigratedTable& table);
  /// Foreign keys and triggers of those tables, views, and where sequences go on. Returns what could not come along.
  std::vector<std::string> finish();

 private:
  std::string kind(const std::string& schema, const std::string& name) const;
  bool is_there(const std::string& query, std::vector<PostgresValue> values) const;
  bool has_type(const DefinedType& type) const;
  bool has_function(const DefinedFunction& function) const;
  bool has_constraint(const std::string& table, const std::string& name) const;
  bool has_privilege(const std::string& function, const std::string& what, const std::string& privilege) const;
  const DefinedTable& definition(const MigratedTable& table) const;
  std::string out(const DefinedTable& table) const;
  std::string out_schema(const DefinedTable& table) const;

  void check_schema(const std::string& schema, bool needs_tables);
  void check_schema_of_views(const std::string& schema) const;
  void check_extensions() const;
  void check_table(const MigratedTable& table);
  void check_columns(const MigratedTable& table);
  void make_types();
  void make_functions(bool of_tables);
  void make_sequences();
  void make_table(const DefinedTable& table);
  void own_sequences();
  std::string column_text(const DefinedTable& table, const DefinedColumn& column) const;
  void make_foreign_keys(const DefinedTable& table, std::vector<std::string>& left_out);
  void make_triggers(const DefinedTable& table);
  void make_view(const DefinedView& view);
  void set_sequence(const DefinedSequence& sequence);
  void make_index(const std::string& schema, const DefinedIndex& index);
  void prefer(const std::string& schema);

  PostgresConnection& target_;
  const std::vector<MigratedTable>& queue_;
  const Definitions& definitions_;
  std::string from_;
  MigrateMarks marks_;
  std::map<std::string, MigrateMark> found_marks_;             // by the table's name in the file
  std::map<std::string, std::vector<CarriedColumn>> columns_;  // the same
  std::map<std::string, bool> is_made_;                        // the same: by this migration, now or in an earlier call
  std::map<std::string, bool> is_missing_;                     // the same
  bool is_anything_missing_ = false;
};

/// `"dvd_rental"."film"`.
std::string quoted_table(const std::string& schema, const std::string& name);

}  // namespace lochan
