// A check with `on_fail: quarantine`, as a rule for each row that is about to be written.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/sql.h"
#include "check/check.h"

namespace lochan {
namespace {

constexpr int kShownLetters = 60;

// "range_price: `price` is -1", or what is not so.
std::string reason_of(const CheckConfig& config) {
  const std::string name = config.name.empty() ? config.kind : config.name;
  if (config.columns.empty()) return sql::literal(fmt::format("{}: `{}` is false", name, config.expression));
  std::vector<std::string> parts;
  for (const LocatedText& column : config.columns)
    parts.push_back(fmt::format("{} || coalesce(left({}::varchar, {}), 'null')",
                                sql::literal(fmt::format("`{}` is ", *column)), sql::identifier(*column),
                                kShownLetters));
  return fmt::format("{} || {}", sql::literal(name + ": "), fmt::join(parts, " || ', ' || "));
}

}  // namespace

RowRule row_rule(const CheckConfig& config, bool reads_tables) {
  const std::unique_ptr<Check> check = make_check(config);
  const auto* row = dynamic_cast<const RowCheck*>(check.get());
  if (row == nullptr || reads_tables)
    throw Error(
        ErrorKind::Project,
        row == nullptr
            ? fmt::format("a check `{}` looks at more than one row, so it can't put rows in quarantine", config.kind)
            : fmt::format("`{}` reads another table, so it can't put rows in quarantine", config.name))
        .at(config.position)
        .hint("remove `on_fail`: then the whole table is held back when it fails");
  return {config.name.empty() ? config.kind : config.name, row->failing_condition(), reason_of(config)};
}

}  // namespace lochan
