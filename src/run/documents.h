// What is told of runs as JSON, by commands and by the API: each thing's document has one shape wherever it appears.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "base/error.h"
#include "check/check.h"
#include "engine/rows.h"
#include "run/journal.h"
#include "run/observer.h"

namespace lochan {

/// Keys stay in the order they were put in.
using Document = nlohmann::ordered_json;

Document to_document(const Error& error);
Document to_document(const Column& column);
Document to_document(const Rows& rows);
Document to_document(const CheckResult& result);
Document to_document(const StepReport& step);
Document to_document(const RunRecord& record);
/// Names as text: `["raw.sale"]`.
Document to_document(std::span<const TableName> tables);

/// To the millisecond: more is noise.
double rounded_seconds(double seconds);

}  // namespace lochan
