// `lochan restore`: the lake and its state from a backup, on an empty machine.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/copy_place.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "run/backup.h"
#include "run/open_state.h"

namespace lochan {
namespace {

class RestoreCommand final : public Command {
 public:
  void add_options(Options& options) override {
    place_.add(options, "SOURCE", "the folder or bucket of the backups, or of a replica", true);
    options.number("--at", at_, "N", "the backup of publication N; without it, the newest");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    const ReadProject read = read_sound_project(context);
    const Project& project = read.project;
    const auto source = place_.open(context, &read, true);
    const Backup backup = find_backup(*source, at_);
    const auto lake = open_lake_store(project, context.clock);
    const auto state = open_state(project.state);
    RestoreOutcome outcome;
    try {
      outcome = restore_backup(*source, *lake, *state, backup, project.folder / ".lochan" / "spill", interrupt.token());
    } catch (const Error&) {
      if (interrupt.is_requested()) return kExitInterrupted;
      throw;
    }
    if (output_.is_json())
      print_document(context.terminal, {{"publication", backup.publication},
                                        {"copied_files", outcome.copied_files},
                                        {"copied_bytes", outcome.copied_bytes},
                                        {"present_files", outcome.present_files}});
    else
      context.terminal.print(fmt::format("the lake is as it was at publication {}: {} copied ({}), {} were there",
                                         backup.publication, text::plural(outcome.copied_files, "file"),
                                         text::human_bytes(outcome.copied_bytes), outcome.present_files));
    return kExitDone;
  }

 private:
  CopyPlaceOption place_;
  std::optional<std::int64_t> at_;
  OutputOption output_;
};

}  // namespace

CommandKind restore_command() {
  return {.name = "restore",
          .group = "the lake",
          .summary = "put a backup back, where the state is empty",
          .more =
              "Every file is checked by its checksum; the state comes last, in one transaction, so that one that was "
              "killed is\n"
              "run again. The lake must lie where it was: its files name their places. A bucket is reached as `backup` "
              "reaches it.",
          .examples = {{"restore /mnt/backups/shop", "the newest backup"},
                       {"restore s3://shop-replica/prod", "what `lochan replicate` keeps there"},
                       {"restore /mnt/backups/shop --at 17", "that of publication 17"}},
          .make = make_command<RestoreCommand>};
}

}  // namespace lochan
