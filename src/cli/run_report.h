// The end of a run, told to a person: what was published, what was held back and why, and where to look.
#pragma once

#include <span>

#include "check/check.h"
#include "cli/terminal.h"
#include "run/run.h"

namespace lochan {

void print_outcome(Terminal& terminal, const RunOutcome& outcome, const RunRequest& request);
/// Those that failed: name, count, place in the user's file, the first failing rows.
void print_failing_checks(Terminal& terminal, std::span<const CheckResult> checks);
void print_plan(Terminal& terminal, const Plan& plan);
/// Of the process that ran it.
int exit_code(RunState state);

}  // namespace lochan
