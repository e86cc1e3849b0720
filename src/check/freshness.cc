// The newest value of a time column is not older than so much, by the run's time. An empty table is never fresh.
#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class FreshnessCheck final : public ScannedCheck {
 public:
  explicit FreshnessCheck(CheckConfig config) : config_(std::move(config)), column_(only_column(config_)) {}

  // One row, the newest value, when it is too old or there is none.
  std::string select_failing(const TableName& table) const override {
    const std::string newest = fmt::format("max({})", sql::identifier(column_));
    return fmt::format("select {} as newest from {}{} having {}", newest, quoted(table), where_clause(config_), is_old(newest));
  }

  std::string failing_count() const override {
    return fmt::format("({})::integer", is_old(fmt::format("max({}){}", sql::identifier(column_), filter_clause(config_))));
  }

 private:
  std::string is_old(const std::string& newest) const {
    return fmt::format("{0} is null or {0}::timestamptz < $run_at - to_seconds({1})", newest, config_.max_age->count());
  }

  CheckConfig config_;
  std::string column_;
};

}  // namespace

std::unique_ptr<Check> make_freshness_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns", "max_age"});
  if (!config.max_age || config.max_age->count() <= 0)
    throw Error(ErrorKind::Project, "a check `freshness` has no `max_age`")
        .at(config.position)
        .hint("write `freshness: { column: updated_at, max_age: 6h }`");
  return std::make_unique<FreshnessCheck>(config);
}

}  // namespace lochan
