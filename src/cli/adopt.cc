// `lochan adopt`: the catalog made again from the lake's files, when the state is lost.
#include "catalog/adopt.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "run/adopting.h"

namespace lochan {
namespace {

class AdoptCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.number("--at", at_, "N", "as it was at publication N: what came later is left behind");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    const Adoption adoption = adopt_lake(project, context.clock, at_, author());
    const auto views = std::ranges::count(adoption.entries, EntryKind::View, &Entry::kind);
    const auto tables = static_cast<std::int64_t>(adoption.entries.size()) - views;
    if (output_.is_json()) {
      Document damaged = Document::array();
      for (const BrokenFile& file : adoption.damaged) damaged.push_back({{"file", file.name}, {"what", file.what}});
      print_document(context.terminal, {{"publication", adoption.publication.number},
                                        {"adopted", adoption.damaged.empty()},
                                        {"tables", tables},
                                        {"views", views},
                                        {"tags", adoption.tags.size()},
                                        {"damaged", std::move(damaged)}});
    } else if (adoption.damaged.empty()) {
      context.terminal.print(fmt::format(
          "adopted publication {} of {} by {}: {}, {}", adoption.publication.number,
          to_string(adoption.publication.at).substr(0, 19), adoption.publication.author, text::plural(tables, "table"),
          text::plural(views, "view")));
      if (!adoption.tags.empty())
        context.terminal.print(text::plural(static_cast<std::int64_t>(adoption.tags.size()), "tag") +
                               ", with what main had then");
    }
    for (const BrokenFile& lost : adoption.lost_tags)
      context.terminal.note(fmt::format("{}: the tag is left out: {}", lost.name, lost.what));
    if (adoption.damaged.empty()) return kExitDone;
    for (const BrokenFile& file : adoption.damaged) context.terminal.note(fmt::format("{}: {}", file.name, file.what));
    context.terminal.note(fmt::format("nothing was adopted, as {} of publication {} can't be used\n  hint: put back what a "
                                      "backup has of it, or adopt an earlier publication: `--at N`",
                                      text::plural(static_cast<std::int64_t>(adoption.damaged.size()), "file"),
                                      adoption.publication.number));
    return kExitFailed;
  }

 private:
  std::optional<std::int64_t> at_;
  OutputOption output_;
};

}  // namespace

CommandKind adopt_command() {
  return {.name = "adopt",
          .group = "the lake",
          .summary = "make the catalog again from the lake's files, when the state is lost",
          .more =
              "Tables, views, cursors, fingerprints and intervals are those of the last publication whose record is in "
              "the\n"
              "lake; tags are kept, with what main had then. The journal, what is held, marks of sources, branches and "
              "other\n"
              "publications are gone with the state: a backup keeps them.",
          .examples = {{"adopt", "into the project's state, which must be empty"},
                       {"adopt --at 16", "as it was at publication 16"}},
          .make = make_command<AdoptCommand>};
}

}  // namespace lochan
