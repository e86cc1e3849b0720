// What commands print with `--output json`; what the API answers too stands in run/documents.h.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "check/check.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "plan/plan.h"
#include "run/documents.h"
#include "run/journal.h"
#include "run/maintain.h"
#include "run/run.h"

namespace lochan {

Document to_document(const PlannedSink& planned);
Document to_document(const PlannedCommand& planned);
Document to_document(const PlannedDatabaseModel& planned);
Document to_document(const Plan& plan);
Document to_document(const RunOutcome& outcome);
Document to_document(const MaintainOutcome& outcome);

/// Indented, with bytes that aren't UTF-8 replaced.
void print_document(Terminal& terminal, Document document);
/// `{"error": {…}}`.
void print_error(Terminal& terminal, const Error& error);
/// `{"problems": […]}`.
void print_problems(Terminal& terminal, std::span<const Error> problems);

}  // namespace lochan
