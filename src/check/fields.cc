#include "check/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/error.h"
#include "base/sql.h"

namespace lochan {
namespace {

std::vector<std::string_view> fields_set(const CheckConfig& config) {
  std::vector<std::string_view> set;
  if (!config.columns.empty()) set.push_back("columns");
  if (!config.values.empty()) set.push_back("values");
  if (config.min) set.push_back("min");
  if (config.max) set.push_back("max");
  if (config.to) set.push_back("to");
  if (!config.field.empty()) set.push_back("field");
  if (!config.expression.empty()) set.push_back("expression");
  if (!config.pattern.empty()) set.push_back("pattern");
  if (config.max_age) set.push_back("max_age");
  if (!config.tolerance.empty()) set.push_back("tolerance");
  if (!config.sql.empty()) set.push_back("sql");
  return set;
}

}  // namespace

void refuse_other_fields(const CheckConfig& config, std::initializer_list<std::string_view> used) {
  for (const std::string_view field : fields_set(config)) {
    if (std::ranges::find(used, field) != used.end()) continue;
    throw Error(ErrorKind::Project, fmt::format("`{}` has no meaning in a check `{}`", field, config.kind))
        .at(config.position)
        .hint(used.size() == 0 ? std::string("take it out") : fmt::format("it takes `{}`", fmt::join(used, "`, `")));
  }
}

std::string only_column(const CheckConfig& config) {
  if (config.columns.size() == 1) return *config.columns.front();
  throw Error(ErrorKind::Project, fmt::format("a check `{}` looks at one column, not {}", config.kind, config.columns.size()))
      .at(config.position)
      .hint(config.columns.empty() ? "give `column:`" : "write one check for each column");
}

std::string bound_literal(const std::string& written) {
  double number = 0;
  const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), number);
  const bool is_number = error == std::errc{} && end == written.data() + written.size() &&
                         written.find_first_not_of("0123456789+-.eE") == std::string::npos;
  return is_number ? written : sql::literal(written);
}

std::string within_where(const CheckConfig& config, const std::string& condition) {
  // On lines of their own: the user's text may end in a comment.
  return config.where.empty() ? condition : fmt::format("(\n{}\n) and ({})", config.where, condition);
}

std::string where_clause(const CheckConfig& config) {
  return config.where.empty() ? "" : fmt::format(" where (\n{}\n)", config.where);
}

std::string filter_clause(const CheckConfig& config) {
  return config.where.empty() ? "" : fmt::format(" filter (where (\n{}\n))", config.where);
}

}  // namespace lochan
