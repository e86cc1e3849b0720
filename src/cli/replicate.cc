// `lochan replicate`: keeps another place equal to the lake and its state.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/copy_place.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "run/backup.h"

namespace lochan {
namespace {

class ReplicateCommand final : public Command {
 public:
  void add_options(Options& options) override {
    place_.add(options, "TARGET", "a folder, which is made when it is missing, or `s3://bucket/prefix`", true);
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    const ReadProject read = read_sound_project(context);
    const auto target = place_.open(context, &read, false);
    Lake lake(read.project, context.clock);
    BackupOutcome outcome;
    try {
      outcome = replicate(lake, *target, interrupt.token());
    } catch (const Error&) {
      if (interrupt.is_requested()) return kExitInterrupted;
      throw;
    }
    print(context.terminal, outcome);
    return kExitDone;
  }

 private:
  void print(Terminal& terminal, const BackupOutcome& outcome) const {
    const auto files = static_cast<std::int64_t>(outcome.backup.files.size());
    if (output_.is_json()) {
      print_document(terminal, {{"publication", outcome.backup.publication},
                                {"at", to_iso8601(outcome.backup.at)},
                                {"files", files},
                                {"bytes", outcome.backup.size_bytes()},
                                {"copied_files", outcome.new_files},
                                {"copied_bytes", outcome.new_bytes},
                                {"removed_files", outcome.removed_files}});
      return;
    }
    terminal.print(fmt::format(
        "the replica is at publication {}: {} ({}); {} copied ({}), {} removed that the lake no longer has",
        outcome.backup.publication, text::plural(files, "file"), text::human_bytes(outcome.backup.size_bytes()),
        outcome.new_files, text::human_bytes(outcome.new_bytes), outcome.removed_files));
  }

  CopyPlaceOption place_;
  OutputOption output_;
};

}  // namespace

CommandKind replicate_command() {
  return {.name = "replicate",
          .group = "the lake",
          .summary = "keep another place equal to the lake and its state",
          .more =
              "Copies what is new since the last time, and removes what the lake no longer has: one publication is "
              "there, whole,\n"
              "at any moment. One that was killed goes on with the next. `lochan restore` makes the lake from it.\n"
              "A bucket (s3://bucket/prefix) is reached as the lake's is, where that is on S3; else with the keys, "
              "region and\n"
              "endpoint of AWS's variables (AWS_ACCESS_KEY_ID, …, AWS_PROFILE), of the environment or `.env`.",
          .examples = {{"replicate s3://shop-replica/prod", "the lake as it is now"},
                       {"replicate /mnt/replica --output json", "what it copied, for a program"},
                       {"backup verify /mnt/replica", "whether all of it can be read, by checksum"},
                       {"restore /mnt/replica", "the lake from it, where lake and state are gone"}},
          .make = make_command<ReplicateCommand>};
}

}  // namespace lochan
