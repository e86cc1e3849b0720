// An SQL expression over a row's columns holds. Where it is null it is neither true nor false, so the row passes, as with
// SQL's own CHECK.
#include <fmt/format.h>

#include "base/error.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class ExpressionCheck final : public RowCheck {
 public:
  explicit ExpressionCheck(CheckConfig config) : config_(std::move(config)) {}

  std::string failing_condition() const override {
    return within_where(config_, fmt::format("not (\n{}\n)", config_.expression));
  }

 private:
  CheckConfig config_;
};

}  // namespace

std::unique_ptr<Check> make_expression_check(const CheckConfig& config) {
  refuse_other_fields(config, {"expression"});
  if (config.expression.empty())
    throw Error(ErrorKind::Project, "a check `expression` has no expression")
        .at(config.position)
        .hint("write `expression: price >= 0`");
  return std::make_unique<ExpressionCheck>(config);
}

}  // namespace lochan
