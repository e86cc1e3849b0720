// None of the columns is null in any row.
#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class NotNullCheck final : public RowCheck {
 public:
  explicit NotNullCheck(CheckConfig config) : config_(std::move(config)) {}

  std::string failing_condition() const override {
    std::vector<std::string> nulls;
    for (const LocatedText& column : config_.columns) nulls.push_back(sql::identifier(*column) + " is null");
    return within_where(config_, fmt::format("{}", fmt::join(nulls, " or ")));
  }

 private:
  CheckConfig config_;
};

}  // namespace

std::unique_ptr<Check> make_not_null_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns"});
  if (config.columns.empty())
    throw Error(ErrorKind::Project, "a check `not_null` names no column").at(config.position).hint("write `not_null: [id]`");
  return std::make_unique<NotNullCheck>(config);
}

}  // namespace lochan
