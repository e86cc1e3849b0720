#include "check/postgres_audit.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"

namespace lochan {
namespace {

CheckResult audit_one(PostgresConnection& connection, const TableName& table, const PostgresName& made,
                      const CheckConfig& config, const std::string& run_at) {
  CheckResult result;
  result.name = config.name;
  result.table = table;
  result.severity = config.severity;
  result.position = config.position;
  // What the server refuses must not end the transaction.
  connection.execute("savepoint lochan_check");
  try {
    const std::string failing = postgres_failing_rows(config, made, run_at);
    result.failing = std::stoll(connection.query(fmt::format("select count(*) from ({}) as failing", failing)).value());
    if (result.failing > 0) {
      PostgresRows rows = connection.query(fmt::format("select * from ({}) as failing limit {}", failing, kSampleRows));
      for (const std::string& column : rows.columns) result.sample.columns.push_back({column, "VARCHAR"});
      result.sample.rows = std::move(rows.rows);
    }
    connection.execute("release savepoint lochan_check");
  } catch (const Error& error) {
    if (!connection.is_open() || error.kind() == ErrorKind::Unavailable) throw;
    connection.execute("rollback to savepoint lochan_check; release savepoint lochan_check");
    result.error = error.message();
  }
  return result;
}

}  // namespace

std::string postgres_failing_rows(const CheckConfig& config, const PostgresName& made, const std::string& run_at) {
  const auto check = make_check(config);
  const std::string table = made.quoted();
  if (config.kind == "pattern")
    return fmt::format("select * from {} where {}", table,
                       within_where(config, fmt::format("{}::text !~ {}", sql::identifier(only_column(config)),
                                                        sql::literal("^(?:" + config.pattern + ")$"))));
  if (config.kind == "freshness") {
    const std::string newest = fmt::format("max({})", sql::identifier(only_column(config)));
    return fmt::format(
        "select {0} as newest from {1}{2} having {0} is null or {0}::timestamptz < {3}::timestamptz - interval '{4} "
        "seconds'",
        newest, table, where_clause(config), sql::literal(run_at), config.max_age->count());
  }
  if (config.kind == "row_count") {
    std::string outside;
    if (config.min) outside = fmt::format("count(*) < {}", *config.min);
    if (config.max) outside += fmt::format("{}count(*) > {}", outside.empty() ? "" : " or ", *config.max);
    return fmt::format("select count(*) as row_count from {}{} having {}", table, where_clause(config), outside);
  }
  // The others' SQL is PostgreSQL's too.
  return check->select_failing({made.schema, made.name});
}

std::vector<CheckResult> audit_in_postgres(PostgresConnection& connection, const TableName& table,
                                           const PostgresName& made, std::span<const CheckConfig> configs,
                                           const std::string& run_at) {
  std::vector<CheckResult> results;
  for (const CheckConfig& config : configs) results.push_back(audit_one(connection, table, made, config, run_at));
  return results;
}

}  // namespace lochan
