// The values of a column lie between two bounds, both included. Null is neither inside nor outside, so it passes.
#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class RangeCheck final : public RowCheck {
 public:
  explicit RangeCheck(CheckConfig config) : config_(std::move(config)), column_(only_column(config_)) {}

  std::string failing_condition() const override {
    std::vector<std::string> outside;
    const std::string column = sql::identifier(column_);
    if (config_.min) outside.push_back(fmt::format("{} < {}", column, bound_literal(*config_.min)));
    if (config_.max) outside.push_back(fmt::format("{} > {}", column, bound_literal(*config_.max)));
    return within_where(config_, fmt::format("{}", fmt::join(outside, " or ")));
  }

 private:
  CheckConfig config_;
  std::string column_;
};

}  // namespace

std::unique_ptr<Check> make_range_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns", "min", "max"});
  auto check = std::make_unique<RangeCheck>(config);
  if (!config.min && !config.max)
    throw Error(ErrorKind::Project, fmt::format("`range` of `{}` has no bound", *config.columns.front()))
        .at(config.position)
        .hint("give `min:`, `max:` or both");
  return check;
}

}  // namespace lochan
