// What must hold of a table. A check is a query for the failing rows: an audit counts them and shows the first.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/rejected_rows.h"
#include "engine/shadow.h"
#include "project/project.h"

namespace lochan {

class Check {
 public:
  virtual ~Check() = default;
  /// The failing rows of `table`, with names as the user writes them (`staging.sale`); the caller puts the branch's
  /// tables in place. row_count gives one row when it fails.
  virtual std::string select_failing(const TableName& table) const = 0;
};

/// A check that one aggregate over the table's rows decides: many of them share one scan.
class ScannedCheck : public Check {
 public:
  /// An aggregate: how many rows `select_failing` gives.
  virtual std::string failing_count() const = 0;
};

/// A check that looks at one row at a time.
class RowCheck : public ScannedCheck {
 public:
  std::string failing_count() const final;
  /// True of the rows that fail. Tables are named only within the user's own text.
  virtual std::string failing_condition() const = 0;
  std::string select_failing(const TableName& table) const final;
};

/// A check that no two rows have the same key.
class KeyCheck : public Check {
 public:
  virtual std::vector<std::string> key() const = 0;
  /// True of the rows that it looks at.
  virtual std::string counted_condition() const = 0;
};

/// What a row check with `on_fail: quarantine` asks of each row before its table is written: of that row alone, so it
/// may not read other tables. Throws Error{Project} for a check that can't be one.
RowRule row_rule(const CheckConfig& config, bool reads_tables);

struct CheckKind {
  std::string_view name;
  std::string_view help;
  /// Throws Error{Project} at the config's position when a field is missing or doesn't belong.
  std::unique_ptr<Check> (*make)(const CheckConfig& config);
};
std::span<const CheckKind> check_kinds();
std::unique_ptr<Check> make_check(const CheckConfig& config);

struct CheckResult {
  std::string name;
  TableName table;
  Severity severity = Severity::Error;
  std::int64_t failing = 0;
  Rows sample;  // the first failing rows, as text
  Position position;
  std::string error;  // when the check itself could not be run; counts as failed
  bool passed() const { return failing == 0 && error.empty(); }
};

inline constexpr int kSampleRows = 5;

/// Whether it may fail though no row that it looks at has moved: by the clock, or by what the source has.
bool is_of_now(const CheckConfig& config);

/// Puts the branch's tables in place of names, as for models.
using Resolve = std::function<std::string(const TableName&)>;

/// What `$run_at` is in a check's query: the time by which a table is fresh or not.
Parameters check_parameters(const std::string& run_at);

/// Runs one check in a session bound to the branch. Throws Error{Unavailable} alone: that may be tried again.
CheckResult audit(Session& session, Shadow& shadow, const TableName& table, const CheckConfig& config,
                  const Resolve& resolve, const Parameters& parameters);

/// Runs all checks of a table, those that can in scans they share. Results in the order given.
std::vector<CheckResult> audit_all(Session& session, Shadow& shadow, const TableName& table,
                                   std::span<const CheckConfig* const> configs, const Resolve& resolve,
                                   const Parameters& parameters);

}  // namespace lochan
