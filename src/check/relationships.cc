// Every value of a column is found in a column of another table. Null points nowhere, so it passes.
#include <fmt/format.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class RelationshipsCheck final : public Check {
 public:
  RelationshipsCheck(CheckConfig config, TableName to)
      : config_(std::move(config)), to_(std::move(to)), column_(only_column(config_)) {}

  std::string select_failing(const TableName& table) const override {
    const std::string found = fmt::format("select 1 from {} as referred where referred.{} = referring.{}", quoted(to_),
                                          sql::identifier(config_.field), sql::identifier(column_));
    const std::string condition = fmt::format("{} is not null and not exists ({})", sql::identifier(column_), found);
    return fmt::format("select * from {} as referring where {}", quoted(table), within_where(config_, condition));
  }

 private:
  CheckConfig config_;
  TableName to_;
  std::string column_;
};

}  // namespace

std::unique_ptr<Check> make_relationships_check(const CheckConfig& config) {
  refuse_other_fields(config, {"columns", "to", "field"});
  const std::string_view example = "write `relationships: { column: product_id, to: staging.product, field: id }`";
  if (!config.to)
    throw Error(ErrorKind::Project, "a check `relationships` lacks `to`").at(config.position).hint(std::string(example));
  if (config.field.empty())
    throw Error(ErrorKind::Project, "a check `relationships` lacks `field`").at(config.position).hint(std::string(example));
  const auto to = parse_table_name(**config.to);
  if (!to)
    throw Error(ErrorKind::Project, fmt::format("`{}` is no table's name", **config.to))
        .at(config.to->position)
        .hint("a table is named `layer.name`");
  return std::make_unique<RelationshipsCheck>(config, *to);
}

}  // namespace lochan
