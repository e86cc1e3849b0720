// The table of commands, in the order that `--help` shows them.
#include "cli/commands.h"

namespace lochan {

std::span<const CommandKind> command_kinds() {
  static const std::vector<CommandKind> kinds = {
      init_command(),     validate_command(), schema_command(),  plan_command(),     run_command(),
      build_command(),    backfill_command(), replay_command(),  work_command(),     cancel_command(),
      schedule_command(), check_command(),    serve_command(),   query_command(),    show_command(),
      source_command(),   lineage_command(),  trace_command(),   history_command(),  branch_command(),
      diff_command(),     publish_command(),  discard_command(), tag_command(),      rollback_command(),
      maintain_command(), archive_command(),  backup_command(),  restore_command(),  replicate_command(),
      adopt_command(),    alert_command(),    migrate_command(), simulate_command(), doctor_command(),
      version_command(),
  };
  return kinds;
}

}  // namespace lochan
