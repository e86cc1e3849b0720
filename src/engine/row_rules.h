// Rules as SQL over a row: whether it breaks any, which, and by what value.
#pragma once

#include <span>
#include <string>

#include "engine/rejected_rows.h"

namespace lochan {

struct BrokenRules {
  std::string any;      // a condition
  std::string names;    // "range_amount, not_null_product", or '' where none is broken
  std::string reasons;  // what `reason` of the log says
};

BrokenRules broken_rules(std::span<const RowRule> rules);

/// SQL for the text of one value of `payload`, and for the value itself as far as the text is one.
std::string payload_text(const Column& column);
std::string payload_value(const Column& column);

}  // namespace lochan
