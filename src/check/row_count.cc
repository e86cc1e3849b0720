// The table has at least and at most so many rows.
#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class RowCountCheck final : public ScannedCheck {
 public:
  explicit RowCountCheck(CheckConfig config) : config_(std::move(config)) {}

  // One row, the count, when it is outside.
  std::string select_failing(const TableName& table) const override {
    return fmt::format("select count(*) as rows from {}{} having {}", quoted(table), where_clause(config_), outside("count(*)"));
  }

  std::string failing_count() const override {
    return fmt::format("({})::integer", outside("count(*)" + filter_clause(config_)));
  }

 private:
  std::string outside(const std::string& count) const {
    std::vector<std::string> bounds;
    if (config_.min) bounds.push_back(fmt::format("{} < {}", count, *config_.min));
    if (config_.max) bounds.push_back(fmt::format("{} > {}", count, *config_.max));
    return fmt::format("{}", fmt::join(bounds, " or "));
  }

  CheckConfig config_;
};

void demand_count(const CheckConfig& config, std::string_view field, const std::optional<std::string>& bound) {
  if (!bound) return;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(bound->data(), bound->data() + bound->size(), count);
  if (error == std::errc{} && end == bound->data() + bound->size() && count >= 0) return;
  throw Error(ErrorKind::Project, fmt::format("`{}` of `row_count` is `{}`, not a number of rows", field, *bound))
      .at(config.position)
      .hint("give a whole number, 0 or more");
}

}  // namespace

std::unique_ptr<Check> make_row_count_check(const CheckConfig& config) {
  refuse_other_fields(config, {"min", "max"});
  if (!config.min && !config.max)
    throw Error(ErrorKind::Project, "a check `row_count` has no bound").at(config.position).hint("give `min:`, `max:` or both");
  demand_count(config, "min", config.min);
  demand_count(config, "max", config.max);
  return std::make_unique<RowCountCheck>(config);
}

}  // namespace lochan
