// `lochan tag`: names for publications, which retention then keeps.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "run/lake.h"

namespace lochan {
namespace {

class TagCommand final : public Command {
 public:
  void add_options(Options& options) override {
    output_.add(options);
    options.command("list", "list the tags", list_);
    Options create = options.command("create", "name a publication, which is then kept", create_);
    create.argument("NAME", name_, "`year-end-2026` say", true);
    create.text("--at", at_, "N|TAG|TIME", "this publication; without it, the last one");
    Options drop = options.command("drop", "forget a name, and let retention have its publication", drop_);
    drop.argument("NAME", name_, "a tag of the list", true);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    Catalog& catalog = lake.catalog();
    if (create_) {
      const std::int64_t publication =
          at_.empty() ? catalog.current_publication() : catalog.resolve_publication(at_);
      const Catalog::Tag tag = catalog.create_tag(name_, publication, author());
      if (output_.is_json()) return print_document(context.terminal, to_document(catalog, tag)), kExitDone;
      context.terminal.print(fmt::format("{} is publication {}, and is kept until the tag is dropped\n  read it: lochan query "
                                         "--at {} \"…\"",
                                         tag.name, tag.publication, tag.name));
    } else if (drop_) {
      catalog.drop_tag(name_);
      context.terminal.print(fmt::format("dropped tag {}", name_));
    } else {
      show(context.terminal, catalog);
    }
    return kExitDone;
  }

 private:
  static Document to_document(const Catalog& catalog, const Catalog::Tag& tag) {
    const auto publication = catalog.find_publication(tag.publication);
    return {{"tag", tag.name},
            {"publication", tag.publication},
            {"published_at", publication ? Document(to_iso8601(publication->at)) : Document()},
            {"author", tag.author},
            {"at", to_iso8601(tag.at)}};
  }

  void show(Terminal& terminal, const Catalog& catalog) const {
    Document documents = Document::array();
    std::vector<std::vector<std::string>> lines = {{"tag", "publication", "published", "tagged by"}};
    for (const Catalog::Tag& tag : catalog.tags()) {
      const auto publication = catalog.find_publication(tag.publication);
      documents.push_back(to_document(catalog, tag));
      lines.push_back({tag.name, std::to_string(tag.publication),
                       publication ? to_string(publication->at).substr(0, 19) : "", tag.author});
    }
    if (output_.is_json())
      print_document(terminal, {{"tags", std::move(documents)}});
    else
      terminal.print(lines.size() == 1 ? "no tags" : align(lines));
  }

  OutputOption output_;
  std::string name_;
  std::string at_;
  bool list_ = false;
  bool create_ = false;
  bool drop_ = false;
};

}  // namespace

CommandKind tag_command() {
  return {.name = "tag",
          .group = "the lake",
          .summary = "name publications, and keep them",
          .more =
              "A tagged publication is kept beyond `retention` until its tag is dropped: all tables as they were then, to be\n"
              "read with `--at NAME`, gone back to with `rollback --to NAME`, and by other engines as the warehouse `NAME`.",
          .examples = {{"tag create year-end-2026", "the lake as it is now"},
                       {"tag create before-the-move --at 17", "as it was at publication 17"},
                       {"tag list", "all of them"},
                       {"query --at year-end-2026 \"from mart.sales_by_day\"", "read it"},
                       {"tag drop year-end-2026", "let retention have it"}},
          .make = make_command<TagCommand>};
}

}  // namespace lochan
