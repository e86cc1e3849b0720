#include "cli/command.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

#include "plan/analysis.h"
#include "project/read_project.h"

namespace lochan {

Project open_project(Context& context) {
  ReadProject read = read_project(find_project(context.start), context.secrets);
  if (!read.problems.empty()) throw ProjectProblems(std::move(read.problems));
  return std::move(read.project);
}

std::string author() {
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return user;
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? "unknown" : entry->pw_name;
}

}  // namespace lochan
