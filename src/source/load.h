// Loading: what a source gives becomes rows of raw tables, an append-only log of row versions.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "catalog/described_size.h"
#include "engine/engine.h"
#include "engine/rejected_rows.h"
#include "project/project.h"
#include "source/landing.h"
#include "source/source.h"

namespace lochan {

/// What becomes of rows of a raw table that a check refuses.
struct RawQuarantine {
  std::vector<RowRule> rules;
  bool has_log = false;  // `<table>__rejected` is on the branch
};

/// Days of a raw table that left it for the archive: a row that is read again may be among them.
struct ArchivedRows {
  /// Parquet files, a day each, with all of its rows; fetched when it is called.
  std::function<std::vector<std::string>()> files;
  std::vector<std::string> days;               // copies of some of their rows may be in the table still
  std::map<std::string, std::string> cursors;  // by connection: the highest value of the cursor's column
};

/// One attempt at one source step: a connection with all its tables.
struct LoadRequest {
  const SourceConfig& source;
  const Connection& connection;
  std::vector<const SourceTable*> tables;
  std::map<TableName, std::optional<Entry>> current;  // each raw table on the run's branch, before the attempt
  std::int64_t run = 0;
  Instant loaded_at;                                  // later than every earlier one in these tables
  bool is_immutable = false;                          // files that are there stay
  std::map<TableName, RawQuarantine> quarantine{};    // by raw table, where it has any
  std::map<TableName, ArchivedRows> archived{};       // by raw table, where anything is
  const Landing* landing = nullptr;                   // for sources that land what they receive
  std::map<TableName, DescribedSize> sizes{};         // of the raw tables before the attempt, where that is known
  std::function<void()> need_threads = [] {};         // called before more is read than one thread should
  /// Of a raw table as the attempt left it; false spares a look into its manifests.
  std::function<bool(const TableName&)> may_be_worth_compacting = [](const TableName&) { return true; };
};

struct LoadedTable {
  TableName table;
  std::int64_t rows_read = 0;
  std::int64_t rows_written = 0;
  Cursor reached;
  bool changed = false;          // false: nothing was new, and nothing was written
  std::vector<std::string> added_columns;
  std::int64_t rows_rejected = 0;
  bool log_changed = false;      // of its rejected rows
  std::optional<SourceTotals> totals{};  // where a check `reconciliation` wants them
  std::optional<std::uint64_t> bytes_read{};  // where the source knows
};

/// Writes in one engine transaction, so one multi-table commit; then tables whose files have become too many are written
/// anew, with the same rows: an error there may leave such a table dropped from the branch. Raw columns: the source's, then `_source`, `_loaded_at`,
/// `_run`, `_deleted`, `dt` (partition). Throws Error for what ends the attempt.
std::vector<LoadedTable> load(Session& session, Source& source, const LoadRequest& request);

/// The columns of a raw table whose source has these.
std::vector<Column> raw_columns(std::span<const Column> source_columns);

/// The cursors of a raw table by connection, as `lochan.cursor` keeps them, and back.
std::map<std::string, Cursor> parse_cursors(const std::string& property);
std::string cursors_property(const std::map<std::string, Cursor>& cursors);

}  // namespace lochan
