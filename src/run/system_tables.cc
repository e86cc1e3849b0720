#include "run/system_tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

constexpr int kPageRows = 2000;

struct SystemColumn {
  std::string_view name;
  std::string_view type;
  std::string_view sql;  // over the table's rows, in the state's words
};

struct SystemTable {
  std::string_view name;
  std::string_view from;
  std::string_view key;  // an indexed number that rows are paged by
  std::span<const SystemColumn> columns;
};

constexpr std::string_view kInstant = "TIMESTAMP WITH TIME ZONE";

constexpr std::array kRuns = {
    SystemColumn{"run", "BIGINT", "run"},
    SystemColumn{"state", "VARCHAR", "state"},
    SystemColumn{"command", "VARCHAR", "command"},
    SystemColumn{"selection", "VARCHAR", "selection"},
    SystemColumn{"author", "VARCHAR", "author"},
    SystemColumn{"target", "VARCHAR", "target"},
    SystemColumn{"branch", "VARCHAR", "branch"},
    SystemColumn{"publication", "BIGINT", "nullif(publication, 0)"},
    SystemColumn{"started_at", kInstant, "started_at"},
    SystemColumn{"finished_at", kInstant, "finished_at"},
    SystemColumn{"seconds", "DOUBLE", "cast(finished_at - started_at as double precision) / 1000000"},
    SystemColumn{"message", "VARCHAR", "message"},
};
constexpr std::array kSteps = {
    SystemColumn{"run", "BIGINT", "run"},
    SystemColumn{"step", "VARCHAR", "name"},
    SystemColumn{"kind", "VARCHAR", "kind"},
    SystemColumn{"state", "VARCHAR", "state"},
    SystemColumn{"reason", "VARCHAR", "reason"},
    SystemColumn{"error", "VARCHAR", "error"},
    SystemColumn{"attempts", "BIGINT", "attempts"},
    SystemColumn{"rows_read", "BIGINT", "read_rows"},
    SystemColumn{"rows_written", "BIGINT", "rows_written"},
    SystemColumn{"rows_removed", "BIGINT", "rows_removed"},
    SystemColumn{"rows_rejected", "BIGINT", "rows_rejected"},
    SystemColumn{"rows_late", "BIGINT", "rows_late"},
    SystemColumn{"bytes_read", "BIGINT", "bytes_read"},
    SystemColumn{"bytes_written", "BIGINT", "bytes_written"},
    SystemColumn{"queue_seconds", "DOUBLE", "queue_seconds"},
    SystemColumn{"seconds", "DOUBLE", "seconds"},
    SystemColumn{"tables", "VARCHAR", "tables"},
};
constexpr std::array kChecks = {
    SystemColumn{"run", "BIGINT", "run"},
    SystemColumn{"table_name", "VARCHAR", "layer || '.' || name"},
    SystemColumn{"check_name", "VARCHAR", "check_name"},
    SystemColumn{"severity", "VARCHAR", "severity"},
    SystemColumn{"passed", "BOOLEAN", "case when failing = 0 and error = '' then 1 else 0 end"},
    SystemColumn{"failing", "BIGINT", "failing"},
    SystemColumn{"error", "VARCHAR", "error"},
};
constexpr std::array kTicks = {
    SystemColumn{"number", "BIGINT", "number"},
    SystemColumn{"schedule", "VARCHAR", "schedule"},
    SystemColumn{"due_at", kInstant, "due_at"},
    SystemColumn{"state", "VARCHAR", "state"},
    SystemColumn{"reason", "VARCHAR", "reason"},
    SystemColumn{"run", "BIGINT", "nullif(run, 0)"},
    SystemColumn{"starts", "BIGINT", "starts"},
    SystemColumn{"started_at", kInstant, "started_at"},
    SystemColumn{"late_at", kInstant, "late_at"},
    SystemColumn{"ended_at", kInstant, "ended_at"},
};
constexpr std::array kAlerts = {
    SystemColumn{"number", "BIGINT", "number"},    SystemColumn{"alert", "VARCHAR", "alert"},
    SystemColumn{"state", "VARCHAR", "state"},     SystemColumn{"attempts", "BIGINT", "attempts"},
    SystemColumn{"subject", "VARCHAR", "subject"}, SystemColumn{"created_at", kInstant, "created_at"},
    SystemColumn{"sent_at", kInstant, "sent_at"},  SystemColumn{"error", "VARCHAR", "error"},
};

constexpr std::array kTables = {
    SystemTable{"runs", "run", "run", kRuns},
    SystemTable{"steps", "step", "run", kSteps},
    SystemTable{"checks", "check_result", "run", kChecks},
    SystemTable{"ticks", "tick", "number", kTicks},
    SystemTable{"alerts", "alert_message", "number", kAlerts},
};

double number(const DbValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return 0;
}

// Page by page, the newest first, so that no history is held as a whole. All rows of a key are in one page.
class Reader final : public PartReader {
 public:
  Reader(Database& state, const SystemTable& table) : state_(state), table_(table) {
    for (const SystemColumn& column : table.columns) select_ += fmt::format("{}, ", column.sql);
    select_ += table.key;
  }

  std::size_t read(RowBatch& batch) override {
    if (next_ == page_.size()) load();
    const std::size_t count = std::min(batch.capacity(), page_.size() - next_);
    for (std::size_t row = 0; row < count; ++row, ++next_)
      for (std::size_t column = 0; column < table_.columns.size(); ++column) put(batch, column, row, page_[next_]);
    return count;
  }

 private:
  void load() {
    next_ = 0;
    page_.clear();
    if (is_done_) return;
    const auto last =
        state_.query(fmt::format("select min(k) from (select {0} as k from {1} where {0} < $1 order by {0} desc "
                                 "limit {2}) as page",
                                 table_.key, table_.from, kPageRows),
                     {before_});
    is_done_ = last[0].is_null(0);
    if (is_done_) return;
    const std::int64_t from = last[0].integer(0);
    page_ = state_.query(fmt::format("select {} from {} where {} >= $1 and {} < $2 order by {} desc", select_,
                                     table_.from, table_.key, table_.key, table_.key),
                         {from, before_});
    before_ = from;
  }

  void put(RowBatch& batch, std::size_t column, std::size_t row, const DbRow& values) const {
    const std::string_view type = table_.columns[column].type;
    if (values.is_null(column)) {
      batch.put_null(column, row);
    } else if (type == "VARCHAR") {
      const std::string text = values.text(column);
      const auto wrong = find_not_utf8(text);  // an error of another system may hold anything
      batch.put_text(column, row, std::string_view(text).substr(0, wrong.value_or(text.size())));
    } else if (type == "DOUBLE") {
      batch.put(column, row, number(values[column]));
    } else if (type == "BOOLEAN") {
      batch.put(column, row, values.integer(column) != 0);
    } else {
      batch.put(column, row, values.integer(column));
    }
  }

  Database& state_;
  const SystemTable& table_;
  std::string select_;
  std::vector<DbRow> page_;
  std::size_t next_ = 0;
  std::int64_t before_ = INT64_MAX;
  bool is_done_ = false;
};

class StateTable final : public OutsideTable {
 public:
  StateTable(Database& state, const SystemTable& table) : state_(state), table_(table) {
    for (const SystemColumn& column : table.columns)
      columns_.push_back({std::string(column.name), std::string(column.type), true});
  }
  std::span<const Column> columns() const override { return columns_; }
  std::size_t parts() const override { return 1; }
  std::int64_t expected_rows() const override {
    return state_.query(fmt::format("select count(*) from {}", table_.from))[0].integer(0);
  }
  std::unique_ptr<PartReader> open(std::size_t) override { return std::make_unique<Reader>(state_, table_); }

 private:
  Database& state_;
  const SystemTable& table_;
  std::vector<Column> columns_;
};

}  // namespace

std::shared_ptr<OutsideTable> make_system_table(Database& state, const TableName& table) {
  std::vector<std::string> names;
  for (const SystemTable& known : kTables) {
    if (known.name == table.name) return std::make_shared<StateTable>(state, known);
    names.push_back(fmt::format("{}.{}", kSystemLayer, known.name));
  }
  throw Error(ErrorKind::Usage, fmt::format("no table `{}`", to_string(table)))
      .hint(text::did_you_mean(to_string(table), names,
                               fmt::format("the platform's own are {}", fmt::join(names, ", "))));
}

}  // namespace lochan
