// `lochan archive`: what left its table for the archive, and how it comes back.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "project/scalar.h"
#include "run/archive_restore.h"
#include "run/lake.h"

namespace lochan {
namespace {

class ArchiveCommand final : public Command {
 public:
  void add_options(Options& options) override {
    output_.add(options);
    options.command("list", "list what is archived", list_);
    Options restore = options.command("restore", "bring days of a table back", restore_);
    restore.argument("TABLE", table_, "layer.name", true);
    restore.text("--from", from_, "DAY", "the first day: 2026-09-01");
    restore.text("--to", to_, "DAY", "the last day");
    restore.text("--for", stay_, "TIME", "how long they stay before they are archived again (7d by default)");
    restore.text("--tier", tier_, "TIER",
                 "how soon S3 gives what rests in GLACIER or DEEP_ARCHIVE: expedited, standard (the default) or bulk");
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    if (restore_) return restore(context.terminal, lake);
    return list(context.terminal, lake);
  }

 private:
  int list(Terminal& terminal, Lake& lake) const {
    Document documents = Document::array();
    std::vector<std::vector<std::string>> lines = {{"table", "dt", "rows", "size", "archived", "file"}};
    for (const Entry& entry : lake.catalog().entries("main")) {
      const auto days = days_of(entry, kArchivedProperty);
      Archive archive(lake, entry.table.layer);
      for (const auto& [day, file] : days) {
        const ArchivedPartition partition = archive.describe(entry.table, day, file);
        documents.push_back(to_document(partition));
        lines.push_back({to_string(entry.table), day, std::to_string(partition.rows), text::human_bytes(partition.size_bytes),
                         to_string(partition.archived_at).substr(0, 19), file});
      }
    }
    if (output_.is_json())
      print_document(terminal, {{"archived", std::move(documents)}});
    else
      terminal.print(lines.size() == 1 ? "nothing is archived" : align(lines));
    return kExitDone;
  }

  static Document to_document(const ArchivedPartition& partition) {
    return {{"table", to_string(partition.table)}, {"dt", partition.day},
            {"rows", partition.rows},              {"bytes", partition.size_bytes},
            {"sha256", partition.sha256},          {"archived_at", to_iso8601(partition.archived_at)},
            {"file", partition.file}};
  }

  int restore(Terminal& terminal, Lake& lake) const {
    RestoreRequest request;
    request.table = parse_table();
    request.from = day(from_, "--from");
    request.to = day(to_, "--to");
    request.author = author();
    if (!stay_.empty()) {
      const auto stay = parse_duration(stay_);
      if (!stay) throw Error(ErrorKind::Usage, fmt::format("`--for` is `{}`, wanted a time such as `7d`", stay_));
      request.stay = std::chrono::duration_cast<std::chrono::seconds>(*stay);
    }
    request.tier = tier();
    const Restored restored = restore_archived(lake, request);
    if (!restored.resting.is_empty()) return tell_resting(terminal, restored.resting);
    if (output_.is_json()) {
      Document documents = Document::array();
      for (const ArchivedPartition& partition : restored.partitions) documents.push_back(to_document(partition));
      print_document(terminal, {{"restored", std::move(documents)},
                                {"rows", restored.rows},
                                {"publication", restored.publication.value_or(0)}});
    } else if (restored.partitions.empty()) {
      terminal.print("nothing of that is archived");
    } else {
      terminal.print(fmt::format("restored {} of {}, {}, as publication {}",
                                 text::plural(static_cast<std::int64_t>(restored.partitions.size()), "day"), table_,
                                 text::plural(restored.rows, "row"), *restored.publication));
    }
    return kExitDone;
  }

  int tell_resting(Terminal& terminal, const RestingDays& resting) const {
    if (output_.is_json()) {
      print_document(terminal, {{"restored", Document::array()},
                                {"asked", resting.asked},
                                {"awaited", resting.awaited},
                                {"storage_class", resting.storage_class}});
      return kExitLater;
    }
    const auto days = [](const std::vector<std::string>& all) {
      const std::string range = all.size() == 1 ? all.front() : fmt::format("{} to {}", all.front(), all.back());
      return fmt::format("{} ({})", text::plural(static_cast<std::int64_t>(all.size()), "day"), range);
    };
    if (!resting.asked.empty())
      terminal.print(fmt::format("asked S3 for {} of {}, in {}: to be read within {}, and then for {}",
                                 days(resting.asked), table_, resting.storage_class, resting.ready_within,
                                 text::plural(resting.copies_stay_days, "day")));
    if (!resting.awaited.empty())
      terminal.print(fmt::format("S3 was asked for {} of {} before, in {}, and hasn't got them ready yet",
                                 days(resting.awaited), table_, resting.storage_class));
    terminal.print("nothing was restored: run it again then");
    return kExitLater;
  }

  RetrievalTier tier() const {
    for (const RetrievalTier tier : {RetrievalTier::Standard, RetrievalTier::Expedited, RetrievalTier::Bulk})
      if (tier_ == text::lower(to_string(tier)) || (tier_.empty() && tier == RetrievalTier::Standard)) return tier;
    throw Error(ErrorKind::Usage, fmt::format("`--tier` is `{}`, wanted `expedited`, `standard` or `bulk`", tier_));
  }

  TableName parse_table() const {
    const auto parts = text::split(table_, '.');
    if (parts.size() != 2)
      throw Error(ErrorKind::Usage, fmt::format("`{}` is no table's name, wanted `layer.name`", table_));
    return {parts[0], parts[1]};
  }

  static std::string day(const std::string& text, std::string_view option) {
    if (text.empty()) return text;
    try {
      if (text.size() == 10) return to_string(parse_instant(text + "T00:00:00Z")).substr(0, 10);
    } catch (const Error&) {
      // Told below, with the option's name.
    }
    throw Error(ErrorKind::Usage, fmt::format("`{}` is `{}`, wanted a day such as 2026-09-01", option, text));
  }

  OutputOption output_;
  std::string table_, from_, to_, stay_, tier_;
  bool list_ = false;
  bool restore_ = false;
};

}  // namespace

CommandKind archive_command() {
  return {.name = "archive",
          .group = "the lake",
          .summary = "what left its table for the archive, and bringing it back",
          .more =
              "Days of a table that are older than `archive_after` of its layer leave it when `lochan maintain` runs. "
              "A query\n"
              "that reads such a table says so. What is restored is as it was, row for row, and makes nothing stale. "
              "Days that rest in\n"
              "S3's GLACIER or DEEP_ARCHIVE must be waited for: `restore` asks for them and ends with exit code 75, "
              "until they are there.",
          .examples = {{"archive list", "what is archived"},
                       {"archive restore raw.sale --from 2026-09-01 --to 2026-09-30", "bring September back"}},
          .make = make_command<ArchiveCommand>};
}

}  // namespace lochan
