// The table `lochan_migration` in each target schema: which tables a migration made there, and which of them have their
// rows. A table's mark is written in the transaction that writes its rows. It is their lineage too: where they came
// from, by which run, how many and of which checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "run/migrate_file.h"

namespace lochan {

/// Of a table's rows, whatever their order; equal where rows are.
struct RowsDigest {
  std::int64_t rows = 0;
  std::string checksum;
  friend bool operator==(const RowsDigest&, const RowsDigest&) = default;
};

struct MigrateMark {
  std::string from, schema_in;  // the connection's name
  bool is_made = false;         // the table is the migration's own
  std::optional<RowsDigest> copied;
  bool is_finished = false;  // the whole migration was compared and has its foreign keys
  std::int64_t run = 0;
};

class MigrateMarks {
 public:
  explicit MigrateMarks(PostgresConnection& target) : target_(target) {}

  /// Whether the schema has its table of marks.
  bool is_in(const std::string& schema) const;
  void make(const std::string& schema);
  std::optional<MigrateMark> find(const MigratedTable& table) const;

  void save_made(const MigratedTable& table, const std::string& from, std::int64_t run);
  void save_copied(const MigratedTable& table, const std::string& from, const RowsDigest& rows, std::int64_t run);
  void save_finished(const MigratedTable& table);

 private:
  PostgresConnection& target_;
};

}  // namespace lochan
