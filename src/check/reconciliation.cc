#include "check/reconciliation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"
#include "project/scalar.h"

namespace lochan {
namespace {

// What the engine's sums of a column are.
std::string sum_type(const std::string& type) {
  if (type == "FLOAT" || type == "DOUBLE") return "DOUBLE";
  if (!type.starts_with("DECIMAL")) return "HUGEINT";
  return "DECIMAL(38," + type.substr(type.find(',') + 1);
}

// How far two numbers may be apart, given the source's: "" when they must be equal.
std::string allowed(const CheckConfig& config, const std::string& source) {
  if (config.tolerance.empty()) return "";
  if (!config.tolerance.ends_with('%')) return config.tolerance + "::double";
  return fmt::format("abs({}::double) * {} / 100", source, config.tolerance.substr(0, config.tolerance.size() - 1));
}

class ReconciliationCheck final : public Check {
 public:
  explicit ReconciliationCheck(CheckConfig config) : config_(std::move(config)) {}

  // What it reads of the table; what the source said isn't in there.
  std::string select_failing(const TableName& table) const override {
    return fmt::format("select {} from {} having false", fmt::join(aggregates(), ", "), quoted(table));
  }

  // The log's rows that live, added up by connection.
  std::string lake(const SourceTable& source, const std::string& table) const {
    std::vector<std::string> key;
    for (const LocatedText& column : source.key) key.push_back(*column);
    const std::string last = key.empty() ? ""
                                         : fmt::format(" qualify row_number() over (partition by _source, {} order by _loaded_at desc) = 1",
                                                       sql::identifiers(key));
    std::vector<std::string> values = aggregates();
    for (std::size_t i = 0; i < config_.columns.size(); ++i) values.push_back(fmt::format("{} as s{}", sum(i), i));
    return fmt::format("select _source, {} from (select * from {}{}) where not _deleted group by _source", fmt::join(values, ", "), table, last);
  }

  // One row for each number that differs.
  std::vector<std::string> differing(const std::string& connection, const SourceTotals& totals, bool may_have_more) const {
    std::vector<std::string> parts{rows(connection, totals.rows, may_have_more)};
    for (std::size_t i = 0; i < config_.columns.size(); ++i) {
      const ColumnTotals& total = *std::ranges::find(totals.columns, *config_.columns[i], &ColumnTotals::column);
      if (is_summed(total)) parts.push_back(sums(connection, total, totals.rows, i));
      if (!config_.tolerance.empty()) continue;  // a row that may be missing may be the lowest or the highest
      parts.push_back(extreme(connection, "lowest", total, total.min, fmt::format("l{}", i)));
      parts.push_back(extreme(connection, "highest", total, total.max, fmt::format("h{}", i)));
    }
    return parts;
  }

  bool covers(const SourceTotals& totals) const {
    return std::ranges::all_of(config_.columns, [&](const LocatedText& column) {
      return std::ranges::find(totals.columns, *column, &ColumnTotals::column) != totals.columns.end();
    });
  }

  /// The type of a column is known from the source's answer.
  void know(const SourceTotals& totals) {
    summed_.clear();
    for (const LocatedText& column : config_.columns)
      summed_.push_back(is_summed(*std::ranges::find(totals.columns, *column, &ColumnTotals::column)));
  }

 private:
  static bool is_summed(const ColumnTotals& total) { return total_functions(total.type).front() == "sum"; }

  std::string sum(std::size_t i) const {
    return summed_.at(i) ? fmt::format("sum({})", sql::identifier(*config_.columns[i])) : "null";
  }

  std::vector<std::string> aggregates() const {
    std::vector<std::string> values{"count(*)::hugeint as n"};
    for (std::size_t i = 0; i < config_.columns.size(); ++i) {
      const std::string column = sql::identifier(*config_.columns[i]);
      values.push_back(fmt::format("min({0}) as l{1}, max({0}) as h{1}", column, i));
    }
    return values;
  }

  // `source` and `lake` within are the two values.
  static std::string part(const std::string& connection, const std::string& measure, const std::string& source, const std::string& in_lake,
                          const std::string& difference, const std::string& differs) {
    return fmt::format(
        "select {0} as connection, {1} as measure, source::varchar as source, lake::varchar as lake, ({4})::varchar as difference "
        "from (select {2} as source, {3} as lake from (select 1) left join lake on _source = {0}) where {5}",
        sql::literal(connection), sql::literal(measure), source, in_lake, difference, differs);
  }

  std::string rows(const std::string& connection, std::int64_t count, bool may_have_more) const {
    const std::string apart = may_have_more ? "source - lake" : "abs(lake - source)";
    const std::string most = allowed(config_, "source");
    return part(connection, "rows", fmt::format("{}::hugeint", count), "coalesce(n, 0)", "lake - source",
                fmt::format("{} > {}", apart, most.empty() ? "0" : most));
  }

  std::string sums(const std::string& connection, const ColumnTotals& total, std::int64_t count, std::size_t i) const {
    const std::string type = sum_type(total.type);
    std::string most = allowed(config_, "source");
    if (type == "DOUBLE") {
      // Floating numbers that are added up in another order give another sum.
      const auto text = [](const std::optional<std::string>& value) { return sql::literal(value.value_or("0")); };
      const std::string rounding =
          fmt::format("{}::double * greatest(abs({}::double), abs({}::double)) * 1e-12", count, text(total.min), text(total.max));
      most = most.empty() ? rounding : fmt::format("greatest({}, {})", most, rounding);
    }
    const std::string differs = most.empty() ? "lake <> source" : fmt::format("lake is distinct from source and not coalesce(abs(lake - source) <= {}, false)", most);
    return part(connection, "sum of " + total.column, fmt::format("{}::{}", sql::literal(total.sum.value_or("0")), type),
                fmt::format("coalesce(s{}, 0)::{}", i, type), "lake - source", differs);
  }

  static std::string extreme(const std::string& connection, const std::string& which, const ColumnTotals& total,
                             const std::optional<std::string>& value, const std::string& name) {
    const std::string written = value ? sql::literal(*value) : "null";
    return part(connection, fmt::format("{} {}", which, total.column), fmt::format("{}::{}", written, total.type),
                fmt::format("{}::{}", name, total.type), "lake - source", "lake is distinct from source");
  }

  CheckConfig config_;
  std::vector<bool> summed_;  // by column
};

}  // namespace

std::unique_ptr<Check> make_reconciliation_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns", "tolerance"});
  if (!config.where.empty())
    throw Error(ErrorKind::Project, "`where` has no meaning in a check `reconciliation`")
        .at(config.position)
        .hint("it compares whole tables: the source doesn't read the lake's SQL");
  const bool is_share = config.tolerance.ends_with('%');
  const auto number = parse_number(is_share ? config.tolerance.substr(0, config.tolerance.size() - 1) : config.tolerance);
  if (!config.tolerance.empty() && (!number || *number < 0 || (is_share && *number > 100)))
    throw Error(ErrorKind::Project, fmt::format("`tolerance` of `reconciliation` is `{}`", config.tolerance))
        .at(config.position)
        .hint("give a number, such as `10`, or a share of what the source has, such as `0.5%`");
  return std::make_unique<ReconciliationCheck>(config);
}

CheckResult audit_reconciliation(Session& session, const CheckConfig& config, const SourceTable& source, const std::string& table,
                                 const std::map<std::string, SourceTotals>& totals) {
  make_check(config);  // refuses what has no meaning
  ReconciliationCheck check(config);
  CheckResult result;
  result.name = config.name;
  result.table = source.table();
  result.severity = config.severity;
  result.position = config.position;
  if (totals.empty() || !std::ranges::all_of(totals, [&](const auto& entry) { return check.covers(entry.second); })) {
    result.error = "nothing is known of the source here: it is asked while its rows are loaded (lochan run)";
    return result;
  }
  check.know(totals.begin()->second);
  const bool may_have_more = source.load == LoadMode::Incremental && source.deletes == SourceDeletes::Ignore;
  std::vector<std::string> parts;
  for (const auto& [connection, total] : totals)
    for (std::string& part : check.differing(connection, total, may_have_more)) parts.push_back(std::move(part));
  result.sample = session.query(fmt::format("with lake as materialized ({}) select * from ({})", check.lake(source, table), fmt::join(parts, " union all ")));
  result.failing = static_cast<std::int64_t>(result.sample.rows.size());
  if (result.sample.rows.size() > static_cast<std::size_t>(kSampleRows)) result.sample.rows.resize(static_cast<std::size_t>(kSampleRows));
  return result;
}

}  // namespace lochan
