// `lochan backup`: copies of the lake and its state in another place.
#include "run/backup.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/copy_place.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/text_table.h"

namespace lochan {
namespace {

class BackupCommand final : public Command {
 public:
  void add_options(Options& options) override {
    place_.add(options, "TARGET", "a folder, which is made when it is missing, or `s3://bucket/prefix`", false);
    options.number("--keep", keep_, "N", "then remove all but the newest N backups there");
    output_.add(options);
    Options list = options.command("list", "the backups of a place", list_);
    place_.add(list, "TARGET", "the folder or bucket", true);
    Options verify = options.command("verify", "read every file of a backup, and compare checksums", verify_);
    place_.add(verify, "TARGET", "the folder or bucket", true);
    verify.number("--at", at_, "N", "the backup of publication N; without it, the newest");
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    if (place_.target.empty())
      throw Error(ErrorKind::Usage, "a backup needs a target").hint("lochan backup /mnt/backups/shop");
    const auto read = read_where_needed(context);
    const auto target = place_.open(context, read ? &*read : nullptr, list_ || verify_);
    if (list_) return show(context.terminal, *target);
    try {
      return verify_ ? look(context.terminal, *target, interrupt) : make(context, read->project, *target, interrupt);
    } catch (const Error&) {
      if (interrupt.is_requested()) return kExitInterrupted;
      throw;
    }
  }

 private:
  static Document to_document(const Backup& backup) {
    return {{"backup", backup.id},
            {"publication", backup.publication},
            {"at", to_iso8601(backup.at)},
            {"files", backup.files.size()},
            {"bytes", backup.size_bytes()}};
  }

  // What is there can be looked through on any machine; the project says how a bucket is reached.
  std::optional<ReadProject> read_where_needed(Context& context) const {
    if (!list_ && !verify_) return read_sound_project(context);
    try {
      return read_project_here(context);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  int make(Context& context, const Project& project, ObjectStore& target, const Interrupt& interrupt) const {
    Lake lake(project, context.clock);
    const auto keep = keep_ ? std::optional(static_cast<int>(*keep_)) : std::nullopt;
    const BackupOutcome outcome = make_backup(lake, target, keep, interrupt.token());
    if (output_.is_json()) {
      Document document = to_document(outcome.backup);
      document["new_files"] = outcome.new_files;
      document["new_bytes"] = outcome.new_bytes;
      document["removed_backups"] = outcome.removed_backups;
      document["removed_files"] = outcome.removed_files;
      print_document(context.terminal, std::move(document));
      return kExitDone;
    }
    context.terminal.print(fmt::format(
        "publication {} is backed up: {} ({}), {} of them new ({})", outcome.backup.publication,
        text::plural(static_cast<std::int64_t>(outcome.backup.files.size()), "file"),
        text::human_bytes(outcome.backup.size_bytes()), outcome.new_files, text::human_bytes(outcome.new_bytes)));
    if (outcome.removed_backups > 0)
      context.terminal.print(fmt::format("removed {} and {} that only they needed",
                                         text::plural(outcome.removed_backups, "old backup"),
                                         text::plural(outcome.removed_files, "file")));
    return kExitDone;
  }

  int show(Terminal& terminal, ObjectStore& target) const {
    Document documents = Document::array();
    std::vector<std::string> damaged;
    std::vector<std::vector<std::string>> lines = {{"publication", "made", "files", "size"}};
    for (const Backup& backup : list_backups(target, &damaged)) {
      documents.push_back(to_document(backup));
      lines.push_back({std::to_string(backup.publication), to_string(backup.at).substr(0, 19),
                       std::to_string(backup.files.size()), text::human_bytes(backup.size_bytes())});
    }
    if (output_.is_json())
      print_document(terminal, {{"backups", std::move(documents)}, {"damaged", damaged}});
    else
      terminal.print(lines.size() == 1 ? "no backups" : align(lines));
    for (const std::string& what : damaged) terminal.note(what);
    return damaged.empty() ? kExitDone : kExitFailed;
  }

  int look(Terminal& terminal, ObjectStore& target, const Interrupt& interrupt) const {
    const Backup backup = find_backup(target, at_);
    const std::vector<DamagedCopy> damaged =
        verify_backup(target, backup, std::filesystem::temp_directory_path(), interrupt.token());
    if (output_.is_json()) {
      Document documents = Document::array();
      for (const DamagedCopy& copy : damaged) documents.push_back({{"file", copy.name}, {"what", copy.what}});
      Document document = to_document(backup);
      document["damaged"] = std::move(documents);
      print_document(terminal, std::move(document));
    } else {
      for (const DamagedCopy& copy : damaged) terminal.print(fmt::format("{}: {}", copy.name, copy.what));
      terminal.print(damaged.empty() ? fmt::format("publication {}: {} are as they were copied ({})", backup.publication,
                                                   text::plural(static_cast<std::int64_t>(backup.files.size()), "file"),
                                                   text::human_bytes(backup.size_bytes()))
                                     : fmt::format("publication {}: {} of {} files are damaged", backup.publication,
                                                   damaged.size(), backup.files.size() + 1));
    }
    return damaged.empty() ? kExitDone : kExitFailed;
  }

  CopyPlaceOption place_;
  std::optional<std::int64_t> keep_;
  std::optional<std::int64_t> at_;
  bool list_ = false;
  bool verify_ = false;
  OutputOption output_;
};

}  // namespace

CommandKind backup_command() {
  return {
      .name = "backup",
      .group = "the lake",
      .summary = "copy the lake and its state to another place",
      .more =
          "A backup is the lake at its last publication, with its tags and the state's rows; runs and tending go on\n"
          "meanwhile. Files that an earlier backup has are not copied again. What is archived is not in it.\n"
          "A bucket (s3://bucket/prefix) is reached as the lake's is, where that is on S3; else with the keys, region "
          "and\n"
          "endpoint of AWS's variables (AWS_ACCESS_KEY_ID, …, AWS_PROFILE), of the environment or `.env`.",
      .examples = {{"backup /mnt/backups/shop", "the lake as it is now"},
                   {"backup /mnt/backups/shop --keep 30", "and no more than the newest 30 stay"},
                   {"backup s3://shop-copies/prod --profile copies", "in a bucket with keys of its own"},
                   {"backup list /mnt/backups/shop", "what is there"},
                   {"backup verify /mnt/backups/shop", "whether all of the newest can be read, by checksum"}},
      .make = make_command<BackupCommand>};
}

}  // namespace lochan
