// The kinds of checks there are: one line each.
#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "check/check.h"
#include "check/kinds.h"

namespace lochan {
namespace {

constexpr std::array kKinds = {
    CheckKind{"not_null", "none of the columns is null", make_not_null_check},
    CheckKind{"unique", "no two rows have the same values in the columns", make_unique_check},
    CheckKind{"accepted_values", "a column has only the values listed", make_accepted_values_check},
    CheckKind{"range", "a column's values lie between `min` and `max`, both included", make_range_check},
    CheckKind{"pattern", "a column's whole value matches a regular expression", make_pattern_check},
    CheckKind{"relationships", "every value of a column is found in `field` of the table `to`", make_relationships_check},
    CheckKind{"row_count", "the table has at least `min` and at most `max` rows", make_row_count_check},
    CheckKind{"freshness", "a column's newest value is not older than `max_age`", make_freshness_check},
    CheckKind{"reconciliation", "a raw table holds what its source says it has", make_reconciliation_check},
    CheckKind{"expression", "an SQL expression is not false for any row", make_expression_check},
    CheckKind{"history", "each key has one version at a time: every scd2 table has this check", make_history_check},
    CheckKind{"sql", "a query of checks/*.sql gives no row", make_sql_check},
};

}  // namespace

std::span<const CheckKind> check_kinds() { return kKinds; }

bool is_of_now(const CheckConfig& config) { return config.kind == "freshness" || config.kind == "reconciliation"; }

std::unique_ptr<Check> make_check(const CheckConfig& config) {
  std::vector<std::string> names;
  for (const CheckKind& kind : kKinds) {
    if (kind.name == config.kind) return kind.make(config);
    names.emplace_back(kind.name);
  }
  throw Error(ErrorKind::Project, fmt::format("there is no check `{}`", config.kind))
      .at(config.position)
      .hint(text::did_you_mean(config.kind, names, fmt::format("there are {}", fmt::join(names, ", "))));
}

std::string RowCheck::select_failing(const TableName& table) const {
  return fmt::format("select * from {} where {}", quoted(table), failing_condition());
}

std::string RowCheck::failing_count() const { return fmt::format("count(*) filter (where {})", failing_condition()); }

}  // namespace lochan
