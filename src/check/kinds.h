// The factories of the registry's kinds, each in the file of its name.
#pragma once

#include <memory>

#include "check/check.h"

namespace lochan {

std::unique_ptr<Check> make_not_null_check(const CheckConfig& config);
std::unique_ptr<Check> make_unique_check(const CheckConfig& config);
std::unique_ptr<Check> make_accepted_values_check(const CheckConfig& config);
std::unique_ptr<Check> make_range_check(const CheckConfig& config);
std::unique_ptr<Check> make_pattern_check(const CheckConfig& config);
std::unique_ptr<Check> make_relationships_check(const CheckConfig& config);
std::unique_ptr<Check> make_row_count_check(const CheckConfig& config);
std::unique_ptr<Check> make_freshness_check(const CheckConfig& config);
std::unique_ptr<Check> make_reconciliation_check(const CheckConfig& config);
std::unique_ptr<Check> make_expression_check(const CheckConfig& config);
std::unique_ptr<Check> make_sql_check(const CheckConfig& config);
std::unique_ptr<Check> make_history_check(const CheckConfig& config);

}  // namespace lochan
