// The whole value of a column matches a regular expression (RE2). Null passes: `not_null` is a check of its own.
#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class PatternCheck final : public RowCheck {
 public:
  explicit PatternCheck(CheckConfig config) : config_(std::move(config)), column_(only_column(config_)) {}

  std::string failing_condition() const override {
    return within_where(config_, fmt::format("not regexp_full_match({}::varchar, {})", sql::identifier(column_),
                                             sql::literal(config_.pattern)));
  }

 private:
  CheckConfig config_;
  std::string column_;
};

}  // namespace

std::unique_ptr<Check> make_pattern_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns", "pattern"});
  if (config.pattern.empty())
    throw Error(ErrorKind::Project, "a check `pattern` has no pattern")
        .at(config.position)
        .hint("write `pattern: { column: code, pattern: '[A-Z]{2}[0-9]+' }`");
  return std::make_unique<PatternCheck>(config);
}

}  // namespace lochan
