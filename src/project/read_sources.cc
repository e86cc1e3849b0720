// Reads lochan.yaml, sources/*.yaml, sinks/*.yaml and commands/*.yaml.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "project/file_keys.h"
#include "project/read_files.h"

namespace lochan {

void read_project_file(ProjectFiles& files, ValueReader& reader, Project& project) {
  const std::string name = "lochan.yaml";
  const auto text = files.read(name);
  if (!text) return;
  if (const auto value = read_yaml(*text, name, reader.problems())) project_keys().read(reader, *value, project);
}

void read_sources(ProjectFiles& files, ValueReader& reader, Project& project) {
  for (const ProjectFile& file : files.list("sources", ".yaml")) {
    const auto text = files.read(file.name);
    if (!text) continue;
    const auto value = read_yaml(*text, file.name, reader.problems());
    if (!value) continue;
    SourceConfig source;
    source.position = value->position;
    source_keys().read(reader, *value, source);
    if (source.name.empty()) continue;
    const auto [first, is_new] = project.sources.try_emplace(source.name, source);
    if (is_new)
      for (const SourceTable& table : source.tables)
        std::ranges::copy(table.checks, std::back_inserter(project.checks[table.table()]));
    else
      reader.problems().add(source.position, fmt::format("source `{}` is in two files", source.name),
                            fmt::format("the other one is {}", to_string(first->second.position)));
  }
}

void read_sinks(ProjectFiles& files, ValueReader& reader, Project& project) {
  for (const ProjectFile& file : files.list("sinks", ".yaml")) {
    const auto text = files.read(file.name);
    if (!text) continue;
    const auto value = read_yaml(*text, file.name, reader.problems());
    if (!value) continue;
    SinkConfig sink;
    sink.position = value->position;
    sink_keys().read(reader, *value, sink);
    if (sink.name.empty()) continue;
    const auto [first, is_new] = project.sinks.try_emplace(sink.name, sink);
    if (!is_new)
      reader.problems().add(sink.position, fmt::format("sink `{}` is in two files", sink.name),
                            fmt::format("the other one is {}", to_string(first->second.position)));
  }
}

void read_commands(ProjectFiles& files, ValueReader& reader, Project& project) {
  for (const ProjectFile& file : files.list("commands", ".yaml")) {
    const auto text = files.read(file.name);
    if (!text) continue;
    const auto value = read_yaml(*text, file.name, reader.problems());
    if (!value) continue;
    CommandConfig command;
    command.position = value->position;
    command.folder = project.folder.string();
    command_keys().read(reader, *value, command);
    if (command.name.empty()) continue;
    const auto [first, is_new] = project.commands.try_emplace(command.name, command);
    if (is_new)
      for (const CommandOutput& output : command.outputs)
        std::ranges::copy(output.checks, std::back_inserter(project.checks[output.table]));
    else
      reader.problems().add(command.position, fmt::format("command `{}` is in two files", command.name),
                            fmt::format("the other one is {}", to_string(first->second.position)));
  }
}

}  // namespace lochan
