// Each command's line in the table: one function from each file.
#pragma once

#include "cli/command.h"

namespace lochan {

CommandKind adopt_command();
CommandKind alert_command();
CommandKind backup_command();
CommandKind backfill_command();
CommandKind replay_command();
CommandKind branch_command();
CommandKind build_command();
CommandKind cancel_command();
CommandKind check_command();
CommandKind diff_command();
CommandKind discard_command();
CommandKind doctor_command();
CommandKind history_command();
CommandKind init_command();
CommandKind lineage_command();
CommandKind maintain_command();
CommandKind archive_command();
CommandKind migrate_command();
CommandKind plan_command();
CommandKind publish_command();
CommandKind query_command();
CommandKind replicate_command();
CommandKind restore_command();
CommandKind rollback_command();
CommandKind run_command();
CommandKind schedule_command();
CommandKind schema_command();
CommandKind serve_command();
CommandKind show_command();
CommandKind simulate_command();
CommandKind source_command();
CommandKind tag_command();
CommandKind trace_command();
CommandKind validate_command();
CommandKind version_command();
CommandKind work_command();

}  // namespace lochan
