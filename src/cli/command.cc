#include "cli/command.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "plan/analysis.h"

namespace lochan {

ReadProject read_project_here(Context& context) {
  const std::filesystem::path folder = find_project(context.start);
  ReadOptions options;
  if (const char* copy = std::getenv(kProjectCopyVariable); copy != nullptr) {
    // A program that a run starts inherits it, and may well work on another project.
    const std::filesystem::path named = std::filesystem::path(copy).lexically_normal();
    if (named.parent_path().parent_path() == folder / ".lochan") options.copy = named;
  }
  return read_project(folder, context.secrets, options);
}

Project open_project(Context& context) {
  ReadProject read = read_project_here(context);
  if (!read.problems.empty()) throw ProjectProblems(std::move(read.problems));
  return std::move(read.project);
}

std::string author() {
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return user;
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? "unknown" : entry->pw_name;
}

}  // namespace lochan
