// The program: builds the parts, hands them to a command, and turns what is thrown into an exit code.
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/json_output.h"
#include "cli/terminal.h"
#include "plan/analysis.h"

namespace lochan {
namespace {

int exit_code(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::Usage:
    case ErrorKind::Project:
    case ErrorKind::NotFound:
      return kExitUsage;
    case ErrorKind::Data:
    case ErrorKind::Conflict:
    case ErrorKind::Unavailable:
    case ErrorKind::CommitUnknown:
    case ErrorKind::Internal:
      return kExitFailed;
  }
  return kExitFailed;
}

int report(Terminal& terminal, const Error& error, bool json) {
  if (json) print_error(terminal, error);
  terminal.note(error.position().is_known() ? error.what() : terminal.paint_note(Color::Red, "error: ") + error.what());
  return exit_code(error);
}

int report(Terminal& terminal, const ProjectProblems& error, bool json) {
  if (json) print_problems(terminal, error.problems());
  for (const Error& problem : error.problems()) terminal.note(problem.what());
  const auto count = static_cast<std::int64_t>(error.problems().size());
  if (count > 1) terminal.note(text::plural(count, "problem") + ": nothing was done");
  // What a connection answered, that it refuses a password say, is no fault of the files: as when a step meets it.
  const auto is_of_the_files = [](const Error& problem) { return exit_code(problem) == kExitUsage; };
  return std::ranges::any_of(error.problems(), is_of_the_files) ? kExitUsage : kExitFailed;
}

int run_program(Terminal& terminal, Secrets& secrets, int argc, char** argv) {
  const SystemClock clock;
  bool json = false;
  try {
    CommandLine line = parse_command_line(command_kinds(), argc, argv);
    terminal.configure(line.terminal);
    if (!line.command) {
      terminal.print(line.text);
      return kExitDone;
    }
    json = line.command->wants_json();
    Context context{line.folder.empty() ? std::filesystem::current_path() : std::filesystem::absolute(line.folder),
                    terminal, secrets, clock};
    return line.command->run(context);
  } catch (const ProjectProblems& error) {
    return report(terminal, error, json);
  } catch (const Error& error) {
    return report(terminal, error, json);
  } catch (const std::bad_alloc&) {
    return report(terminal, Error(ErrorKind::Unavailable, "out of memory"), json);
  } catch (const std::exception& error) {
    return report(terminal, Error(ErrorKind::Internal, error.what()), json);
  }
}

}  // namespace
}  // namespace lochan

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  // Else libmongoc, once it is loaded, leaves a segment of its counters in /dev/shm for each process that is killed. Here,
  // as no other thread reads the environment yet.
  ::setenv("MONGOC_DISABLE_SHM", "1", 0);
  lochan::Secrets secrets;
  lochan::Terminal terminal(secrets);
  try {
    return lochan::run_program(terminal, secrets, argc, argv);
  } catch (const std::exception& error) {
    terminal.note(error.what());
    return lochan::kExitFailed;
  }
}
