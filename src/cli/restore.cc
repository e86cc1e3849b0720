// `lochan restore`: the lake and its state from a backup, on an empty machine.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "run/backup.h"
#include "run/open_state.h"

namespace lochan {
namespace {

class RestoreCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("SOURCE", source_, "the folder of the backups", true);
    options.number("--at", at_, "N", "the backup of publication N; without it, the newest");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    const std::filesystem::path folder = std::filesystem::absolute(source_);
    if (!std::filesystem::exists(folder))
      throw Error(ErrorKind::Usage, fmt::format("there is no folder `{}`", folder.string()));
    const Project project = open_project(context);
    const auto source = make_local_store(folder);
    const Backup backup = find_backup(*source, at_);
    const auto lake = open_lake_store(project, context.clock);
    const auto state = open_state(project.state);
    RestoreOutcome outcome;
    try {
      outcome = restore_backup(*source, *lake, *state, backup, interrupt.token());
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
  std::string source_;
  std::optional<std::int64_t> at_;
  OutputOption output_;
};

}  // namespace

CommandKind restore_command() {
  return {.name = "restore",
          .group = "the lake",
          .summary = "put a backup back, where the state is empty",
          .more =
              "Every file is checked by its checksum; the state comes last, in one transaction, so that one that was killed is\n"
              "run again. The lake must lie where it was: its files name their places.",
          .examples = {{"restore /mnt/backups/shop", "the newest backup"},
                       {"restore /mnt/backups/shop --at 17", "that of publication 17"}},
          .make = make_command<RestoreCommand>};
}

}  // namespace lochan
