// What commands print with `--output json`: each thing's document has one shape wherever it appears.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "check/check.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "run/journal.h"
#include "run/maintain.h"
#include "run/run.h"

namespace lochan {

/// Keys stay in the order they were put in.
using Document = nlohmann::ordered_json;

Document to_document(const Error& error);
Document to_document(const Column& column);
Document to_document(const Rows& rows);
Document to_document(const CheckResult& result);
Document to_document(const StepReport& step);
Document to_document(const PlannedSink& planned);
Document to_document(const Plan& plan);
Document to_document(const RunOutcome& outcome);
Document to_document(const RunRecord& record);
Document to_document(const MaintainOutcome& outcome);

/// Names as text: `["raw.sale"]`.
Document to_document(std::span<const TableName> tables);

/// Indented, with bytes that aren't UTF-8 replaced.
void print_document(Terminal& terminal, Document document);
/// `{"error": {…}}`.
void print_error(Terminal& terminal, const Error& error);
/// `{"problems": […]}`.
void print_problems(Terminal& terminal, std::span<const Error> problems);

}  // namespace lochan
