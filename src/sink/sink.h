// A sink carries tables of the lake, as one publication has them, out to a connection. Afterwards each target holds the
// rows of the lake's table; the mark of what it holds is written with the rows, where the target has transactions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "project/project.h"

namespace lochan {

/// One table to carry. Rows are FROM items of the session's SQL.
struct CarryTable {
  const SinkTable* table = nullptr;
  std::string data_version;
  std::vector<Column> columns;
  std::string rows;
  std::int64_t row_count = 0;
  /// The `_loaded_at` of the newest rows, of a table that is a log by it; else "".
  std::string loaded_at;
  /// Whether this sink is known to have made the target, though the target may have lost its mark.
  bool was_carried = false;
};

struct CarryRequest {
  const SinkConfig* sink = nullptr;
  std::string project;
  std::int64_t publication = 0;
  std::vector<CarryTable> tables;
  bool in_full = false;  // compare with the target itself, whatever its mark says
  /// The rows of a table as another publication had them, with the columns it has now; nothing when that one can't be
  /// read any more, or had another data version: then it is not of this lake.
  std::function<std::optional<std::string>(const TableName&, std::int64_t publication, const std::string& version)>
      rows_at;
};

/// What became of one table.
struct CarriedTable {
  TableName table;
  std::int64_t rows_written = 0;
  std::int64_t rows_removed = 0;
  bool changed = false;          // the target moved; false: it was up to date
  std::int64_t publication = 0;  // whose rows it has now
  std::string data_version;
};

class Sink {
 public:
  virtual ~Sink() = default;
  /// All tables or none, where the target has transactions; elsewhere one by one, each with its mark. Throws Error{CommitUnknown} when the target's answer was lost: called again, it looks up what
  /// became of it. `session` can't be used again after an error.
  virtual std::vector<CarriedTable> carry(Session& session, const CarryRequest& request) = 0;
  /// Ends what `carry` waits for; it then throws. From any thread.
  virtual void cancel() noexcept = 0;
};

/// Throws Error{Project} for a connection of a kind that can't be written to. `connection` must outlive the sink.
std::unique_ptr<Sink> make_sink(const Connection& connection);

}  // namespace lochan
