// `lochan init`: a new project, empty or from an example.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/example.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

/// What is made by running, or must stay secret, is never committed.
constexpr std::string_view kGitignore = ".env\n.lochan/\nlake/\ndata/\n";

constexpr std::string_view kEmptyProject = R"(# What may stand here: lochan schema --output markdown
name: {}
lake: ./lake
state: sqlite:.lochan/state.db

# Outside systems, by their URL: sqlite:./data/shop.db, files:./drop
connections: {{}}
)";

/// What makes an example's source live.
struct Simulator {
  std::string_view source;  // in sources/
  std::string_view command;
};
constexpr Simulator kSimulators[] = {
    {"shop.yaml", "lochan simulate shop --fast --ticks 20    make its shops live"},
    {"totesys.yaml", "lochan simulate totesys --fast --ticks 20    make its company live"},
    {"volt.yaml", "lochan simulate api --port 8080 --auth bearer --secret volt-token &    let its API answer"},
};

std::vector<std::string> example_names() {
  std::set<std::string> names;
  for (const ExampleFile& file : example_files()) names.emplace(file.example);
  return {names.begin(), names.end()};
}

bool is_example(const std::string& name) {
  return std::ranges::any_of(example_files(), [&](const ExampleFile& file) { return file.example == name; });
}

void check_empty(const fs::path& folder) {
  if (!fs::exists(folder)) return;
  if (!fs::is_directory(folder))
    throw Error(ErrorKind::Usage, fmt::format("`{}` is a file", folder.string()))
        .hint("name a folder that isn't there yet");
  if (!fs::is_empty(folder))
    throw Error(ErrorKind::Usage, fmt::format("`{}` is not empty", folder.string()))
        .hint("name a folder that isn't there yet, or one with nothing in it");
}

/// A folder's name as a project's name: what isn't a letter or a digit becomes `_`.
std::string project_name(const fs::path& folder) {
  std::string name = folder.filename().string();
  for (char& letter : name)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  return name.empty() ? "project" : name;
}

class InitCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.arguments("[EXAMPLE] DIR", words_, "the example to copy (none: an empty project), and the new folder");
    options.flag("--list", list_, "list the examples");
  }

  int run(Context& context) override {
    if (list_) {
      for (const std::string& name : example_names()) context.terminal.print(name);
      return kExitDone;
    }
    if (context.start != fs::current_path())
      throw Error(ErrorKind::Usage, "`-C` names a project that is there, and `lochan init` makes a new one")
          .hint("name its folder: lochan init shop projects/shop");
    if (words_.empty() || words_.size() > 2)
      throw Error(ErrorKind::Usage, "`lochan init` needs the folder to make").hint("lochan init fruit_shop my_shop");
    const bool has_example = words_.size() == 2 || is_example(words_.front());
    const std::string example = has_example ? words_.front() : "";
    // One word that names an example: into a folder of that name.
    const fs::path folder = fs::absolute(words_.back()).lexically_normal();
    if (has_example && !is_example(example))
      throw Error(ErrorKind::Usage, fmt::format("no example `{}`", example))
          .hint(text::did_you_mean(example, example_names(),
                                   fmt::format("the examples are {}", fmt::join(example_names(), ", "))));
    check_empty(folder);
    if (has_example)
      copy_example(example, folder);
    else
      make_empty(folder);
    tell(context.terminal, example, folder);
    return kExitDone;
  }

 private:
  static void copy_example(const std::string& example, const fs::path& folder) {
    for (const ExampleFile& file : example_files()) {
      if (file.example == example) write_file(folder / file.path, file.text);
    }
    if (!fs::exists(folder / ".gitignore")) write_file(folder / ".gitignore", kGitignore);
  }

  static void make_empty(const fs::path& folder) {
    write_file(folder / "lochan.yaml", fmt::format(kEmptyProject, project_name(folder)));
    write_file(folder / ".gitignore", kGitignore);
    for (const std::string_view part : {"sources", "models", "checks"}) fs::create_directories(folder / part);
  }

  void tell(Terminal& terminal, const std::string& example, const fs::path& folder) const {
    const std::string& name = words_.back();
    terminal.print(example.empty() ? fmt::format("made an empty project in {}", name)
                                   : fmt::format("made the project {} in {}", example, name));
    terminal.print(fmt::format("\n  cd {}", name));
    if (example.empty())
      return terminal.print("  lochan schema --output markdown    what its files may say\n  lochan validate");
    if (fs::exists(folder / "README.md")) terminal.print("  less README.md");
    for (const Simulator& simulator : kSimulators)
      if (fs::exists(folder / "sources" / simulator.source)) terminal.print(fmt::format("  {}", simulator.command));
    terminal.print("  lochan run");
  }

  std::vector<std::string> words_;
  bool list_ = false;
};

}  // namespace

CommandKind init_command() {
  return {.name = "init",
          .group = "a project",
          .summary = "make a new project, empty or from an example",
          .more = "The folder must not be there yet, or be empty.",
          .examples = {{"init --list", "the examples there are"},
                       {"init fruit_shop my_shop", "a copy of one, ready to run"},
                       {"init my_project", "an empty project"}},
          .make = make_command<InitCommand>};
}

}  // namespace lochan
