// A command of the program: one file of this folder, one line in the table of commands.cc.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "project/project.h"
#include "project/read_project.h"

namespace lochan {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  // something failed that was run
inline constexpr int kExitUsage = 2;   // the command line or the project is wrong
inline constexpr int kExitLater = 75;  // it was begun elsewhere, and is to be run again (EX_TEMPFAIL of sysexits.h)

/// What every command is given; main makes it.
struct Context {
  std::filesystem::path start;  // where the project is looked for: -C, or the current folder
  Terminal& terminal;
  Secrets& secrets;
  const Clock& clock;
};

class Command {
 public:
  virtual ~Command() = default;
  virtual void add_options(Options&) {}
  /// Returns the exit code. Errors are thrown.
  virtual int run(Context& context) = 0;
  /// Whether what is thrown must be a JSON document on standard output too.
  virtual bool wants_json() const { return false; }
};

/// A line that teaches, in `--help`.
struct Example {
  std::string_view line;  // without the `lochan` at its start
  std::string_view says;
};

struct CommandKind {
  std::string_view name;
  std::string_view group;
  std::string_view summary;
  std::string_view more;  // a paragraph of `--help`, may be empty
  std::vector<Example> examples;
  std::unique_ptr<Command> (*make)();
};

template <typename T>
std::unique_ptr<Command> make_command() {
  return std::make_unique<T>();
}

std::span<const CommandKind> command_kinds();

/// The project around `context.start`, with its problems. Where `lochan serve` started us: as it was when it was taken
/// into service, which is in the folder of its `.lochan` that $LOCHAN_PROJECT_COPY names.
ReadProject read_project_here(Context& context);

/// The project around `context.start`. Throws ProjectProblems with all that is wrong with its files.
Project open_project(Context& context);

/// Who is recorded as the author of what this process publishes.
std::string author();

}  // namespace lochan
