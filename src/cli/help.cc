#include "cli/help.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/text_table.h"

namespace lochan {
namespace {

using Lines = std::vector<std::vector<std::string>>;

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) names += (names.empty() ? "    --" : ", --") + name;
  const std::string value = option.get_expected_max() == 0 ? "" : option.get_type_name();
  return value.empty() ? names : names + " " + value;
}

bool is_positional(const CLI::Option& option) { return option.get_snames().empty() && option.get_lnames().empty(); }

/// Options with names, or arguments told by their place.
Lines options_of(const CLI::App& app, bool positional) {
  Lines lines;
  for (const CLI::Option* option : app.get_options()) {
    if (is_positional(*option) != positional) continue;
    lines.push_back({positional ? option->get_name(true) : option_names(*option), option->get_description()});
  }
  return lines;
}

std::string usage(const CLI::App& app) {
  std::string line = full_name(app);
  if (!app.get_subcommands(nullptr).empty()) line += app.get_parent() == nullptr ? " COMMAND" : " [COMMAND]";
  for (const CLI::Option* option : app.get_options()) {
    if (!is_positional(*option)) continue;
    line += option->get_required() ? " " + option->get_name(true) : " [" + option->get_name(true) + "]";
  }
  return line + " [OPTION…]";
}

std::string section(std::string_view title, const Lines& lines) {
  return lines.empty() ? "" : fmt::format("\n{}\n{}\n", title, align(lines, "  "));
}

Lines commands_of(const CLI::App& app) {
  Lines lines;
  for (const CLI::App* command : app.get_subcommands(nullptr))
    lines.push_back({command->get_name(), command->get_description()});
  return lines;
}

}  // namespace

std::string program_help(std::span<const CommandKind> kinds, const CLI::App& top) {
  std::string text = "lochan: a data platform in one binary and a folder of text files\n\nusage: " + usage(top) + "\n";
  std::string_view group;
  Lines lines;
  for (const CommandKind& kind : kinds) {
    if (kind.group != group) {
      text += section(group, lines);
      group = kind.group;
      lines.clear();
    }
    lines.push_back({fmt::format("{:<10}", kind.name), std::string(kind.summary)});
  }
  text += section(group, lines);
  text += section("options of every command", options_of(top, false));
  text += section("to begin", {{"lochan init fruit_shop my_shop", "a project from an example, ready to run"},
                               {"lochan run --help", "how a command is used, with examples"}});
  text.pop_back();
  return text;
}

std::string command_help(const CommandKind& kind, const CLI::App& app) {
  const bool is_whole = app.get_name() == kind.name;
  std::string text = fmt::format("{}: {}\n\nusage: {}\n", full_name(app), app.get_description(), usage(app));
  if (is_whole && !kind.more.empty()) text += fmt::format("\n{}\n", kind.more);
  Lines examples;
  const std::string prefix = full_name(app).substr(std::string_view("lochan ").size());
  for (const Example& example : kind.examples) {
    if (is_whole || example.line.starts_with(prefix))
      examples.push_back({fmt::format("lochan {}", example.line), std::string(example.says)});
  }
  text += section("examples", examples);
  text += section("commands", commands_of(app));
  text += section("arguments", options_of(app, true));
  text += section("options", options_of(app, false));
  text += "\n`lochan --help` shows the options of every command.";
  return text;
}

}  // namespace lochan
