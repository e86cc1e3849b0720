// The keys of commands/*.yaml.
#include <fmt/format.h>

#include "project/connection_url.h"
#include "project/file_keys.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

constexpr int kLastExitCode = 255;

// A list, always: what a shell would make of a text is for the user to say.
void read_run(ValueReader& reader, const YamlValue& value, CommandConfig& command) {
  const ValueType type{.shape = Shape::Literal, .count = Count::List};
  if (value.kind == YamlValue::Kind::Scalar) {
    reader.problems().add(value.position, fmt::format("`run` is {}, wanted a list of texts", describe_found(value)),
                          "a program and its arguments, such as `[\"python3\", \"x.py\"]`; for what a shell does: `[\"sh\", "
                          "\"-c\", \"…\"]`");
    return;
  }
  if (value.kind != YamlValue::Kind::List) return reader.add_wrong_type(value, "run", type);
  for (const YamlValue& item : value.items)
    if (auto text = reader.read_scalar(item, "run", {.shape = Shape::Literal})) command.run.push_back(std::move(*text));
  if (value.items.empty())
    reader.problems().add(value.position, "`run` names no program", "such as `run: [\"python3\", \"x.py\"]`");
}

void read_columns(ValueReader& reader, const YamlValue& value, CommandOutput& output) {
  const ValueType type{.shape = Shape::Text, .count = Count::Named};
  if (value.kind != YamlValue::Kind::Mapping) return reader.add_wrong_type(value, "columns", type);
  // Names of columns are the table's, so any text goes.
  for (const YamlEntry& entry : value.entries)
    if (auto text = reader.read_scalar(entry.value, entry.key, {}))
      output.columns.emplace_back(entry.key, std::move(*text));
}

Keys<CommandOutput> make_command_output_keys() {
  Keys<CommandOutput> keys("command_output", "A table, in `outputs` of `commands/*.yaml`",
                           "One table that a command writes. See docs/programs.md.");
  keys.add({.name = "columns",
            .type = {.shape = Shape::Text, .count = Count::Named},
            .help = "names and types of its columns, in order, such as `day: DATE`: models that read it need them before it "
                    "is first written; by default as it was last written"},
           read_columns);
  keys.add(checks_key(), [](ValueReader& reader, const YamlValue& value, CommandOutput& output) {
    output.checks = read_checks(reader, value);
  });
  return keys;
}

void read_outputs(ValueReader& reader, const YamlValue& value, CommandConfig& command) {
  const ValueType type{.shape = Shape::Mapping, .count = Count::Named, .keys = &command_output_keys().table()};
  if (value.kind != YamlValue::Kind::Mapping) return reader.add_wrong_type(value, "outputs", type);
  for (const YamlEntry& entry : value.entries) {
    const auto name = parse_table_name(entry.key);
    if (!name) {
      reader.problems().add(entry.position, fmt::format("`{}` in `outputs` is no table's name", entry.key),
                            "write it as `layer.name`, such as `mart.forecast`");
      continue;
    }
    CommandOutput output;
    output.table = *name;
    output.position = entry.position;
    command_output_keys().read(reader, entry.value, output);
    command.outputs.push_back(std::move(output));
  }
}

// Their names are the program's.
void read_environment(ValueReader& reader, const YamlValue& value, CommandConfig& command) {
  const ValueType type{.shape = Shape::Literal, .count = Count::Named};
  reader.read_named(value, "environment", type, [&](const YamlEntry& entry) {
    if (entry.key.starts_with("LOCHAN_"))
      reader.problems().add(entry.position, fmt::format("`{}` is the platform's own", entry.key),
                            "give it a name that doesn't begin with `LOCHAN_`");
    else if (auto text = reader.read_scalar(entry.value, entry.key, {.shape = Shape::Literal}))
      command.environment[entry.key] = std::move(*text);
  });
}

void read_folder(ValueReader& reader, const YamlValue& value, CommandConfig& command) {
  if (const auto text = reader.read_scalar(value, "folder", {}))
    command.folder = absolute_path(reader.folder(), *text).string();
}

void read_exit_codes(ValueReader& reader, const YamlValue& value, CommandConfig& command) {
  const ValueType type{.shape = Shape::Integer, .count = Count::OneOrList, .least = 1};
  command.retry_on_exit.clear();
  for (const LocatedText& text : reader.read_list(value, "retry_on_exit", type)) {
    const auto code = parse_integer(*text).value_or(0);
    if (code > kLastExitCode)
      reader.problems().add(text.position, fmt::format("`{}` is no exit code", *text), "they go from 1 to 255");
    else
      command.retry_on_exit.push_back(static_cast<int>(code));
  }
}

void add_places(Keys<CommandConfig>& keys) {
  keys.add("inputs", &CommandConfig::inputs, "the table or tables it reads: it runs once they are built and audited",
           {.shape = Shape::Table});
  keys.add({.name = "outputs",
            .type = {.shape = Shape::Mapping, .count = Count::Named, .keys = &command_output_keys().table()},
            .help = "the tables it writes, by their names, through the catalog; they are audited and published as others are"},
           read_outputs);
  keys.add("after", &CommandConfig::after, "the command or commands that come first, where a run has them too",
           {.shape = Shape::Word});
  keys.add("when", &CommandConfig::when,
           "`changed`: when it, a file of the project that `run` names, or a table that it reads has changed; `always`: in "
           "every run that selects it; `selected`: the same, but not in a run of everything; by default `changed` with inputs, "
           "`always` without");
}

void add_surroundings(Keys<CommandConfig>& keys) {
  keys.add({.name = "environment",
            .type = {.shape = Shape::Literal, .count = Count::Named},
            .help = "variables for the program, beside those that Lochan itself has"},
           read_environment);
  keys.add({.name = "folder", .default_text = ".", .help = "the folder it runs in"}, read_folder);
  keys.add("memory_limit", &CommandConfig::memory_limit, "memory that one process of it may ask for", {.shape = Shape::Size});
  keys.add("cpu_time", &CommandConfig::cpu_time, "time on processors that one process of it may use");
  keys.add("connections", &CommandConfig::connections, "the connection or connections whose pools it takes a place in",
           {.shape = Shape::Word});
}

Keys<CommandConfig> make_command_keys() {
  Keys<CommandConfig> keys("command", "`commands/*.yaml`",
                           "A command is a program as a step of a run. See docs/programs.md.");
  keys.add("command", &CommandConfig::name, "the command's name", {.shape = Shape::Word, .is_required = true});
  keys.add({.name = "run",
            .type = {.shape = Shape::Literal, .count = Count::List},
            .is_required = true,
            .help = "the program and its arguments, such as `[\"python3\", \"x.py\"]`; no shell reads them"},
           read_run);
  add_places(keys);
  add_surroundings(keys);
  add_limit_keys(keys);
  keys.add({.name = "retry_on_exit",
            .type = {.shape = Shape::Integer, .count = Count::OneOrList, .least = 1},
            .default_text = "75",
            .help = "the exit code or codes after which it may be tried again; after any other it has failed"},
           read_exit_codes);
  keys.add("tags", &CommandConfig::tags, "words to select it by, as in `--select tag:nightly`", {.shape = Shape::Word});
  keys.add("description", &CommandConfig::description, "what it does, for people");
  return keys;
}

}  // namespace

const Keys<CommandConfig>& command_keys() {
  static const Keys<CommandConfig> kKeys = make_command_keys();
  return kKeys;
}

const Keys<CommandOutput>& command_output_keys() {
  static const Keys<CommandOutput> kKeys = make_command_output_keys();
  return kKeys;
}

}  // namespace lochan
