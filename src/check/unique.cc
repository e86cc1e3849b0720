// No two rows have the same values in the columns. Rows with a null there are no duplicates of each other, as in SQL.
#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class UniqueCheck final : public KeyCheck {
 public:
  explicit UniqueCheck(CheckConfig config) : config_(std::move(config)) {}

  // One row for each value that is there more than once.
  std::string select_failing(const TableName& table) const override {
    return fmt::format("select {0}, count(*) as times from {1} where {2} group by {0} having count(*) > 1",
                       sql::identifiers(key()), quoted(table), counted_condition());
  }

  std::vector<std::string> key() const override {
    std::vector<std::string> names;
    for (const LocatedText& column : config_.columns) names.push_back(*column);
    return names;
  }

  std::string counted_condition() const override {
    std::vector<std::string> not_null;
    for (const LocatedText& column : config_.columns) not_null.push_back(sql::identifier(*column) + " is not null");
    return within_where(config_, fmt::format("{}", fmt::join(not_null, " and ")));
  }

 private:
  CheckConfig config_;
};

}  // namespace

std::unique_ptr<Check> make_unique_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns"});
  if (config.columns.empty())
    throw Error(ErrorKind::Project, "a check `unique` names no column").at(config.position).hint("write `unique: [id]`");
  return std::make_unique<UniqueCheck>(config);
}

}  // namespace lochan
