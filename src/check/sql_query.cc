// A whole query of the user's: the rows it gives are the failing ones.
#include "base/error.h"
#include "check/fields.h"
#include "check/kinds.h"

namespace lochan {
namespace {

class SqlCheck final : public Check {
 public:
  explicit SqlCheck(std::string sql) : sql_(std::move(sql)) {}

  // As it is in the file, so that the parser's offsets are the file's.
  std::string select_failing(const TableName&) const override { return sql_; }

 private:
  std::string sql_;
};

}  // namespace

std::unique_ptr<Check> make_sql_check(const CheckConfig& config) {
  refuse_other_fields(config, {"sql"});
  if (config.sql.empty())
    throw Error(ErrorKind::Project, "a check `sql` has no query").at(config.position).hint("write the query for the failing rows");
  if (!config.where.empty())
    throw Error(ErrorKind::Project, "`where` has no meaning in a check `sql`")
        .at(config.position)
        .hint("put it into the query");
  return std::make_unique<SqlCheck>(config.sql);
}

}  // namespace lochan
