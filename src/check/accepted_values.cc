// A column has only the values listed. Null passes: `not_null` is a check of its own.
#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class AcceptedValuesCheck final : public RowCheck {
 public:
  explicit AcceptedValuesCheck(CheckConfig config) : config_(std::move(config)), column_(only_column(config_)) {}

  std::string failing_condition() const override {
    std::vector<std::string> values;
    for (const std::string& value : config_.values) values.push_back(sql::literal(value));
    return within_where(config_, fmt::format("{} not in ({})", sql::identifier(column_), fmt::join(values, ", ")));
  }

 private:
  CheckConfig config_;
  std::string column_;
};

}  // namespace

std::unique_ptr<Check> make_accepted_values_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns", "values"});
  if (config.values.empty())
    throw Error(ErrorKind::Project, "a check `accepted_values` lists no value")
        .at(config.position)
        .hint("write `accepted_values: { column: unit, values: [kg, piece] }`");
  return std::make_unique<AcceptedValuesCheck>(config);
}

}  // namespace lochan
