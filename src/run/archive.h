// The archive: partitions by day that left a table for a folder, each a Parquet file beside a description, and how they
// come back. Which ones a table has there stands in its own properties, so it moves with publications and rollbacks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "run/tended_table.h"

namespace lochan {

/// The description beside an archived file: `<archive>/raw/sale/dt=2026-10-01/1f0c….json`.
struct ArchivedPartition {
  TableName table;
  std::string day;   // 2026-10-01
  std::string file;  // `1f0c….parquet`
  std::vector<Column> columns;
  std::int64_t rows = 0;
  std::uint64_t size_bytes = 0;
  std::string sha256;
  Instant archived_at;
};

inline constexpr const char* kArchivedProperty = "lochan.archived";  // day → file
inline constexpr const char* kRestoredProperty = "lochan.restored";  // day → the instant until which it stays

/// What a property of that shape says; empty when the table hasn't got it.
std::map<std::string, std::string> days_of(const Entry& entry, const char* property);
std::string days_property(const std::map<std::string, std::string>& days);

/// The day of a file's partition, which is named `part` (see `identity_partition`); "" when it has none.
std::string day_of(const LakeFile& file, const std::string& part);

/// "raw.sale: dt 2026-09-01 to 2026-10-21 (51 days) is archived: lochan archive restore raw.sale"; "" when nothing is.
std::string archive_note(const Entry& entry);

class Archive {
 public:
  explicit Archive(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Of the layer, as the project says.
  static std::filesystem::path folder_of(const Lake& lake, const std::string& layer);

  /// Writes what the table's branch shows to a new file, and its description: both outlive a power cut. Nothing names
  /// them yet: a crash leaves a copy too many, and nothing else.
  ArchivedPartition store(TendedTable& table, const std::string& day, Instant now) const;
  /// The description. Throws Error{NotFound}, Error{Data}.
  ArchivedPartition describe(const TableName& table, const std::string& day, const std::string& file) const;
  /// Where the file is. Throws Error{Data} when it isn't the one that was described.
  std::filesystem::path checked_path(const ArchivedPartition& partition) const;
  std::filesystem::path path(const TableName& table, const std::string& day, const std::string& file) const {
    return place(table, day) / file;
  }
  /// The files of a day, named by a table or not.
  std::vector<std::string> files(const TableName& table, const std::string& day) const;
  std::vector<std::string> days(const TableName& table) const;
  void remove(const TableName& table, const std::string& day, const std::string& file) const;

 private:
  std::filesystem::path place(const TableName& table, const std::string& day) const;
  std::filesystem::path folder_;
};

struct RestoreRequest {
  TableName table;
  std::string from, to;  // days, both included; "": no bound
  std::chrono::seconds stay{std::chrono::hours{24 * 7}};  // before it is archived again
  std::string author;
};

struct Restored {
  std::vector<ArchivedPartition> partitions;
  std::int64_t rows = 0;
  std::optional<std::int64_t> publication;
};

/// Brings days back into their table, in one publication that makes nothing stale. Throws Error{Conflict} when a run
/// writes the table.
Restored restore_archived(Lake& lake, const RestoreRequest& request);

}  // namespace lochan
