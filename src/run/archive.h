// The archive: partitions by day that left a table for a folder or a bucket, each a Parquet file beside a description.
// Which ones a table has there stands in its own properties, so it moves with publications and rollbacks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "catalog/object_store.h"
#include "catalog/resting_objects.h"
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

/// Of one layer. Not to be shared between threads.
class Archive {
 public:
  /// As the project says; nothing is asked of the place yet.
  Archive(const Lake& lake, const std::string& layer);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  /// Writes what the table's branch shows to a new file, and its description. Nothing names them yet: a crash leaves a
  /// copy too many, and nothing else.
  ArchivedPartition store(TendedTable& table, const std::string& day, Instant now);
  /// All that was stored outlives a power cut once this returns.
  void sync();
  /// The description. Throws Error{NotFound}, Error{Data}.
  ArchivedPartition describe(const TableName& table, const std::string& day, const std::string& file);
  /// The file, to be read: itself in a folder, else a copy in `copies`. Throws Error{Data} when it isn't the one that
  /// was described, and when it rests.
  std::filesystem::path fetch(const ArchivedPartition& partition, TemporaryFolder& copies);
  /// As it is described.
  std::filesystem::path fetch(const TableName& table, const std::string& day, const std::string& file,
                              TemporaryFolder& copies) {
    return fetch(describe(table, day, file), copies);
  }

  /// Whether the file can be read now, and asking for it where it can't.
  ObjectRest rest(const TableName& table, const std::string& day, const std::string& file);
  void wake(const TableName& table, const std::string& day, const std::string& file, const ObjectRest& object, int days,
            RetrievalTier tier);

  /// By day: the files and descriptions of a table, named by it or not.
  std::map<std::string, std::vector<std::string>> files(const TableName& table);
  void remove(const TableName& table, const std::string& day, std::span<const std::string> files);

 private:
  ObjectStore& objects();
  RestingObjects* resting();
  std::filesystem::path in_folder(const std::string& name) const {
    return std::filesystem::path(place_.location) / name;
  }

  const LakePlace place_;
  const std::string storage_class_;
  const Clock& clock_;
  std::unique_ptr<ObjectStore> objects_;  // once it is needed
};

/// The file that a file or a description is of: `1f0c….parquet`; "" for what an archive has not made.
std::string archived_file_of(const std::string& name);

}  // namespace lochan
