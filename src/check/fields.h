// Which fields of a check's config its kind uses: a field that is missing or has no meaning there is the user's mistake.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "project/project.h"

namespace lochan {

/// Throws Error{Project} for a field that is set and not among `used`, by the word it has in the file. `where`,
/// `severity` and `name` belong to every kind but `sql`, which has no `where`.
void refuse_other_fields(const CheckConfig& config, std::initializer_list<std::string_view> used);

/// The one column of a check that looks at one. Throws Error{Project} for none or several.
std::string only_column(const CheckConfig& config);

/// A bound as written: a number stays one, anything else is quoted text that the engine casts by the column's type.
std::string bound_literal(const std::string& written);

/// `condition`, or both when the config has a `where`.
std::string within_where(const CheckConfig& config, const std::string& condition);

/// " where (…)" of the config, or "".
std::string where_clause(const CheckConfig& config);

/// The same of an aggregate: " filter (where …)", or "".
std::string filter_clause(const CheckConfig& config);

}  // namespace lochan
