// `lochan validate`: everything that is wrong with the project's files, all at once.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "catalog/object_store.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "engine/shadow.h"
#include "plan/analysis.h"
#include "project/read_project.h"
#include "run/lake.h"
#include "run/open_state.h"
#include "sink/sink.h"
#include "source/source.h"

namespace lochan {
namespace {

struct Counts {
  std::size_t raw_tables = 0;
  std::size_t models = 0;
  std::size_t checks = 0;
  std::size_t sinks = 0;
  std::size_t commands = 0;
};

Counts count(const Project& project) {
  Counts counts;
  std::set<TableName> raw_tables;
  for (const auto& [name, source] : project.sources) {
    for (const SourceTable& table : source.tables) raw_tables.insert(table.table());
  }
  counts.raw_tables = raw_tables.size();
  counts.models = project.models.size() + project.database_models.size();
  counts.sinks = project.sinks.size();
  counts.commands = project.commands.size();
  for (const auto& [table, checks] : project.checks) counts.checks += checks.size();
  return counts;
}

/// The lake's tables, when there is a lake: a project that has never been run is validated without making one.
std::vector<Entry> lake_entries(const Project& project, const Clock& clock) {
  if (!has_state(project.state)) return {};
  Lake lake(project, clock);
  return lake.catalog().entries("main");
}

bool is_read(const Project& project, const std::string& connection) {
  return std::ranges::any_of(project.sources, [&](const auto& source) {
    return std::ranges::any_of(source.second.from, [&](const LocatedText& from) { return *from == connection; });
  });
}

bool is_target(const Project& project, const std::string& connection) {
  return std::ranges::any_of(project.sinks, [&](const auto& sink) { return *sink.second.to == connection; });
}

std::vector<Error> find_problems(const ReadProject& read, Context& context) {
  std::vector<Error> problems = read.problems;
  for (const auto& [name, connection] : read.project.connections) {
    try {
      const bool is_written = is_target(read.project, name);
      if (is_written) make_sink(connection);
      if (!is_written || is_read(read.project, name)) make_source(connection);
    } catch (const Error& error) {
      problems.push_back(error);
    }
  }
  if (problems.empty()) problems = find_unusable_places(read.project, context.clock);
  Shadow shadow;
  const Analysis analysis = analyse(read.project, lake_entries(read.project, context.clock), shadow);
  problems.insert(problems.end(), analysis.problems.begin(), analysis.problems.end());
  for (const auto& [table, model] : analysis.database_models)
    if (model.problem && model.problem->kind() != ErrorKind::Unavailable &&
        model.problem->kind() != ErrorKind::NotFound)
      problems.push_back(*model.problem);
  const auto place = [](const Error& problem) {
    return std::tuple(problem.position().file, problem.position().line, problem.position().column,
                      std::string(problem.what()));
  };
  std::ranges::sort(problems, {}, place);
  const auto [first, last] = std::ranges::unique(problems, {}, place);
  problems.erase(first, last);
  return problems;
}

class ValidateCommand final : public Command {
 public:
  void add_options(Options& options) override { output_.add(options); }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const ReadProject read = read_project_here(context);
    const std::vector<Error> problems = find_problems(read, context);
    const Counts counts = count(read.project);
    if (output_.is_json()) {
      Document list = Document::array();
      for (const Error& problem : problems) list.push_back(to_document(problem));
      print_document(context.terminal, {{"ok", problems.empty()},
                                        {"raw_tables", counts.raw_tables},
                                        {"models", counts.models},
                                        {"checks", counts.checks},
                                        {"sinks", counts.sinks},
                                        {"commands", counts.commands},
                                        {"problems", std::move(list)}});
    } else {
      print(context.terminal, problems, counts);
    }
    return problems.empty() ? kExitDone : kExitUsage;
  }

 private:
  static void print(Terminal& terminal, const std::vector<Error>& problems, const Counts& counts) {
    for (const Error& problem : problems) terminal.note(problem.what());
    const auto number = [](std::size_t value, std::string_view word) {
      return text::plural(static_cast<std::int64_t>(value), word);
    };
    if (problems.empty())
      terminal.print(fmt::format("{}: {}, {}, {}{}{}", terminal.paint(Color::Green, "ok"),
                                 number(counts.raw_tables, "raw table"), number(counts.models, "model"),
                                 number(counts.checks, "check"),
                                 counts.sinks == 0 ? "" : ", " + number(counts.sinks, "sink"),
                                 counts.commands == 0 ? "" : ", " + number(counts.commands, "command")));
    else
      terminal.note(number(problems.size(), "problem"));
  }

  OutputOption output_;
};

}  // namespace

CommandKind validate_command() {
  return {.name = "validate",
          .group = "a project",
          .summary = "find everything that is wrong with the project's files",
          .more =
              "Every problem is told with its file, line and column, what was found and what was wanted. Exit code 2 "
              "when there\n"
              "is one. Nothing is built, and nothing is written.",
          .examples = {{"validate", "the project around the current folder"},
                       {"validate -C my_shop", "one that lies elsewhere"},
                       {"validate --output json", "for an editor or a CI job"}},
          .make = make_command<ValidateCommand>};
}

}  // namespace lochan
