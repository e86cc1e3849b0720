// Commands: what they read and come after exists, what they write nobody else makes, and their keys go together.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void verify_connections(const Project& project, const CommandConfig& command, Problems& problems) {
  std::set<std::string> seen;
  for (const LocatedText& name : command.connections) {
    const auto found = project.connections.find(*name);
    if (found == project.connections.end()) {
      std::vector<std::string> names;
      for (const auto& [known, connection] : project.connections) names.push_back(known);
      problems.add(name.position, fmt::format("no connection `{}` in lochan.yaml", *name),
                   text::did_you_mean(*name, names, fmt::format("add it there: `connections: {{ {}: … }}`", *name)));
    } else if (found->second.pool == 0) {
      problems.add(name.position, fmt::format("`{}` has no pool to take a place in", *name),
                   fmt::format("give it one: `{}: {{ url: …, pool: 2 }}`, or remove it here", *name));
    } else if (!seen.insert(*name).second) {
      problems.add(name.position, fmt::format("`{}` is named twice", *name), "keep one of them");
    }
  }
}

void verify_after(const Project& project, const CommandConfig& command, Problems& problems) {
  for (const LocatedText& name : command.after) {
    if (*name == command.name) {
      problems.add(name.position, fmt::format("command `{}` comes after itself", *name), "remove it here");
    } else if (!project.commands.contains(*name)) {
      std::vector<std::string> names;
      for (const auto& [known, other] : project.commands) names.push_back(known);
      problems.add(name.position, fmt::format("no command `{}`", *name),
                   text::did_you_mean(*name, names, "tables that it needs are named in `inputs`"));
    }
  }
}

void verify_inputs(const Project& project, const CommandConfig& command, Problems& problems) {
  std::set<std::string> seen;
  for (const LocatedText& input : command.inputs) {
    const auto table = parse_table_name(*input);
    if (!table || !is_known_table(project, {*table, input.position}, problems)) continue;
    if (!seen.insert(*input).second)
      problems.add(input.position, fmt::format("`{}` is in `inputs` twice", *input), "keep one of them");
    if (std::ranges::find(command.outputs, *table, &CommandOutput::table) != command.outputs.end())
      problems.add(input.position, fmt::format("`{}` is both read and written by command `{}`", *input, command.name),
                   "remove it from `inputs`: what it wrote before, a command can read anyway");
  }
}

void verify_outputs(const CommandConfig& command, Problems& problems) {
  for (const CommandOutput& output : command.outputs)
    for (const CheckConfig& check : output.checks)
      if (check.on_fail == OnFail::Quarantine)
        problems.add(check.position,
                     fmt::format("`{}` can't put rows of `{}` in quarantine: a program wrote them", check.name,
                                 to_string(output.table)),
                     "remove `on_fail`, or let a model that reads it do so");
}

}  // namespace

void verify_commands(const Project& project, Problems& problems) {
  for (const auto& [name, command] : project.commands) {
    verify_connections(project, command, problems);
    verify_after(project, command, problems);
    verify_inputs(project, command, problems);
    verify_outputs(command, problems);
  }
}

}  // namespace lochan
