// `lochan branch`: private views of the lake, for people.
#include <fmt/format.h>

#include <cctype>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "catalog/branch_state.h"
#include "cli/branches.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "run/lake.h"

namespace lochan {
namespace {

/// A branch's name is a REST prefix too (one plain word), and must not look like what Lochan itself names.
void check_name(const std::string& name) {
  const bool is_plain =
      !name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == std::string::npos;
  if (!is_plain)
    throw Error(ErrorKind::Usage, fmt::format("`{}` can't be a branch's name", name))
        .hint("letters, digits, `-` and `_`, with a letter first: `dev-anna`");
  if (name == "main" || name.starts_with("run-") || name.starts_with("at-"))
    throw Error(ErrorKind::Usage, fmt::format("the name `{}` is kept for Lochan itself", name))
        .hint("take another, `dev-anna` say");
}

class BranchCommand final : public Command {
 public:
  void add_options(Options& options) override {
    output_.add(options);
    options.command("list", "list the branches", list_);
    Options create = options.command("create", "make a branch over main as it is now", create_);
    create.argument("NAME", name_, "`dev-anna` say", true);
    Options drop = options.command("drop", "drop a branch with all that is on it", drop_);
    drop.argument("NAME", name_, "a branch of the list", true);
    Options diff = options.command("diff", "what it changed: the same as `lochan diff NAME`", diff_);
    diff.argument("NAME", diff_options_.branch, "a branch of the list", true);
    diff_options_.add(diff);
    Options publish = options.command("publish", "main moves to it: the same as `lochan publish NAME`", publish_);
    publish.argument("NAME", name_, "a named branch of the list", true);
    publish.flag("--force", force_, "though checks of severity `error` fail on it");
    publish_output_.add(publish);
  }
  bool wants_json() const override {
    return output_.is_json() || diff_options_.output.is_json() || publish_output_.is_json();
  }

  int run(Context& context) override {
    if (diff_) return show_diff(context, diff_options_);
    if (publish_) return publish_branch(context, name_, force_, publish_output_.is_json() ? publish_output_ : output_);
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    if (create_) {
      check_name(name_);
      const Branch branch = lake.catalog().create_branch(name_, BranchKind::Named);
      context.terminal.print(fmt::format("branch {} starts at publication {}\n  build on it: lochan run --branch {}",
                                         branch.name, branch.base_publication, branch.name));
    } else if (drop_) {
      drop_branch(lake.catalog(), name_);
      context.terminal.print(fmt::format("dropped branch {}", name_));
    } else {
      show(context.terminal, lake.catalog());
    }
    return kExitDone;
  }

 private:
  void show(Terminal& terminal, const Catalog& catalog) const {
    Document documents = Document::array();
    std::vector<std::vector<std::string>> lines = {{"branch", "kind", "over", "state", "created", "changed"}};
    for (const Branch& branch : catalog.branches()) {
      std::vector<TableName> changed;
      for (const Entry& entry : catalog.branch_changes(branch.name)) changed.push_back(entry.table);
      const std::string_view kind = branch.kind == BranchKind::Run ? "run" : "named";
      documents.push_back({{"branch", branch.name},
                           {"kind", kind},
                           {"parent", branch.parent},
                           {"base_publication", branch.base_publication},
                           {"state", to_string(branch.state)},
                           {"created_at", to_iso8601(branch.created_at)},
                           {"changed", to_document(std::span<const TableName>(changed))}});
      lines.push_back({branch.name, std::string(kind),
                       branch.parent == "main" ? fmt::format("main at {}", branch.base_publication) : branch.parent,
                       std::string(to_string(branch.state)), to_string(branch.created_at).substr(0, 19),
                       text::plural(static_cast<std::int64_t>(changed.size()), "table")});
    }
    if (output_.is_json())
      print_document(terminal, {{"branches", std::move(documents)}});
    else
      terminal.print(lines.size() == 1 ? "no branches" : align(lines));
  }

  OutputOption output_;
  std::string name_;
  bool list_ = false;
  bool create_ = false;
  bool drop_ = false;
  bool diff_ = false;
  DiffOptions diff_options_;
  bool publish_ = false;
  bool force_ = false;
  OutputOption publish_output_;
};

}  // namespace

CommandKind branch_command() {
  return {.name = "branch",
          .group = "the lake",
          .summary = "list, make, compare, publish and drop private views of the lake",
          .more =
              "A branch costs nothing to make: it holds only what is built on it. Runs have branches of their own "
              "(`run-42`); one\n"
              "that held something back is kept for looking at.",
          .examples = {{"branch", "list them"},
                       {"branch create dev-anna", "then: lochan run --branch dev-anna"},
                       {"branch diff dev-anna", "what it would change: tables, columns, rows"},
                       {"branch publish dev-anna", "main moves to it at once"},
                       {"branch drop dev-anna", "with all that is on it"}},
          .make = make_command<BranchCommand>};
}

}  // namespace lochan
