#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "cli/help.h"

namespace lochan {
namespace {

/// The words a person may have meant: options of the command and the program, or names of commands.
std::vector<std::string> known_words(const CLI::App& app, bool options) {
  std::vector<std::string> words;
  for (const CLI::App* level = &app; level != nullptr; level = level->get_parent()) {
    if (!options) {
      for (const CLI::App* command : level->get_subcommands(nullptr)) words.push_back(command->get_name());
      break;
    }
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    }
  }
  return words;
}

const CLI::App& deepest(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? app : deepest(*named.front());
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + " " + app.get_name();
}

/// For the words that no option or argument took.
Error unknown_word(const CLI::App& top) {
  const CLI::App& app = deepest(top);
  const std::vector<std::string> left = top.remaining(true);
  const std::string word = left.empty() ? "" : left.front().substr(0, left.front().find('='));
  const bool is_option = word.starts_with("-");
  const std::vector<std::string> words = known_words(app, is_option);
  const std::string help = fmt::format("`{} --help` shows what there is", full_name(app));
  if (is_option) {
    return Error(ErrorKind::Usage, fmt::format("`{}` has no option `{}`", full_name(app), word))
        .hint(text::did_you_mean(word, words, help));
  }
  if (words.empty())
    return Error(ErrorKind::Usage, fmt::format("`{}` takes no further word, found `{}`", full_name(app), word))
        .hint(help);
  return Error(ErrorKind::Usage, fmt::format("no command `{}` in `{}`", word, full_name(app)))
      .hint(text::did_you_mean(word, words, help));
}

Error usage_error(const CLI::App& top, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return unknown_word(top);
  const CLI::App& app = deepest(top);
  std::string message = error.what();
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    message = fmt::format("`{}` needs {}", full_name(app), message.substr(0, message.find(" is required")));
  return Error(ErrorKind::Usage, message).hint(fmt::format("`{} --help` shows how", full_name(app)));
}

void add_global_options(CLI::App& app, CommandLine& line, bool& version) {
  Options options(app);
  options.text("-C,--project", line.folder, "DIR",
               "the project's folder (by default the nearest lochan.yaml upwards); other paths begin where you are");
  options.flag("-v,--verbose", line.terminal.verbose, "say more");
  options.flag("-q,--quiet", line.terminal.quiet, "say only results and what is wrong");
  options.flag("--no-color", line.terminal.no_color, "plain text, as with NO_COLOR or without a terminal");
  options.flag("--version", version, "the version");
}

}  // namespace

CommandLine parse_command_line(std::span<const CommandKind> kinds, int argc, const char* const* argv) {
  CLI::App top("", "lochan");
  top.require_subcommand(0, 1);
  top.set_help_flag("-h,--help", "this page");
  CommandLine line;
  bool version = false;
  add_global_options(top, line, version);
  std::map<const CLI::App*, std::pair<const CommandKind*, std::unique_ptr<Command>>> commands;
  for (const CommandKind& kind : kinds) {
    CLI::App* app = top.add_subcommand(std::string(kind.name), std::string(kind.summary));
    app->fallthrough();
    auto command = kind.make();
    Options options(*app);
    command->add_options(options);
    commands.emplace(app, std::pair{&kind, std::move(command)});
  }
  const auto chosen = [&] {
    const auto named = top.get_subcommands();
    return named.empty() ? commands.end() : commands.find(named.front());
  };
  try {
    top.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto found = chosen();
    line.text = found == commands.end() ? program_help(kinds, top) : command_help(*found->second.first, deepest(top));
    return line;
  } catch (const CLI::ParseError& error) {
    throw usage_error(top, error);
  }
  const auto found = chosen();
  if (found != commands.end())
    line.command = std::move(found->second.second);
  else
    line.text = version ? "lochan " LOCHAN_VERSION : program_help(kinds, top);
  return line;
}

}  // namespace lochan
