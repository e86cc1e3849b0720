// A command's step: its program is run with an address and a token for the run's branch, and what it wrote is looked at.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "engine/lake_type.h"
#include "plan/command_analysis.h"
#include "run/command_marks.h"
#include "run/leftovers.h"
#include "run/step_runner.h"

namespace lochan {
namespace {

// What the program may write with: its outputs, on the run's branch, until it has ended.
class ProgramToken {
 public:
  ProgramToken(Catalog& catalog, TokenScope scope) : catalog_(catalog), token_(catalog.grant_token(std::move(scope))) {}
  ~ProgramToken() { catalog_.revoke_token(token_); }
  ProgramToken(const ProgramToken&) = delete;
  ProgramToken& operator=(const ProgramToken&) = delete;
  const std::string& text() const { return token_; }

 private:
  Catalog& catalog_;
  const std::string token_;
};

std::string show(std::span<const Column> columns) {
  std::vector<std::string> texts;
  for (const Column& column : columns) texts.push_back(fmt::format("{} {}", column.name, column.type));
  return fmt::format("{}", fmt::join(texts, ", "));
}

void require_columns(const CommandOutput& output, const Entry& entry) {
  const std::vector<Column> declared = declared_columns(output);
  const auto is_same = [](const Column& a, const Column& b) { return a.name == b.name && lake_type(a.type) == lake_type(b.type); };
  if (declared.empty() || std::ranges::equal(declared, entry.columns, is_same)) return;
  throw Error(ErrorKind::Data, fmt::format("it wrote `{}` with the columns {}; its file says {}", to_string(output.table),
                                           show(entry.columns), show(declared)))
      .at(output.position)
      .hint("make them the same");
}

std::string without(std::string text, const std::string& secret) {
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) text.replace(at, secret.size(), "***");
  return text;
}

}  // namespace

StepState StepRunner::run_command(Worker& worker, Step& step, const ProgramTalk& talk) {
  const AnalysedCommand& command = *step.command;
  const CommandConfig& config = *command.config;
  Catalog& catalog = lake_.catalog();
  const auto find = [&](const TableName& table) { return catalog.find(branch_, table); };
  Versions versions(find);
  const CommandMarks marks(lake_.state());
  const auto mark = last_mark(command, find, [&](const std::string& name) { return marks.find(name); });
  const auto reason = stale_reason(command, mark, versions);
  if (!reason && !step.full_refresh) return StepState::Unchanged;
  if (reason) step.report.reason = *reason;
  step.was_evaluated = true;
  step.changed_outputs.clear();
  step.inputs = versions_of(command.reads, versions, config.position, step.report.name);
  std::map<TableName, std::string> before;
  for (const TableName& table : command.writes)
    if (const auto entry = find(table)) before[table] = entry->data_version;
  run_its_program(worker, step, talk);
  for (const CommandOutput& output : config.outputs) {
    const auto entry = find(output.table);
    if (!entry)
      throw Error(ErrorKind::Data, fmt::format("it ended well and hasn't written `{}`", to_string(output.table)))
          .at(output.position)
          .hint("it is one of its `outputs`: write it to the catalog at $LOCHAN_CATALOG_URI, warehouse $LOCHAN_WAREHOUSE");
    require_columns(output, *entry);
    if (!before.contains(output.table) || before.at(output.table) != entry->data_version)
      step.changed_outputs.insert(output.table);
  }
  return command.writes.empty() || !step.changed_outputs.empty() ? StepState::Built : StepState::Unchanged;
}

void StepRunner::run_its_program(Worker& worker, const Step& step, const ProgramTalk& talk) {
  const AnalysedCommand& command = *step.command;
  std::map<std::string, std::string> environment = program_marks(lake_.home(), run_);
  environment["LOCHAN_COMMAND"] = command.config->name;
  environment["LOCHAN_PROJECT"] = lake_.project().folder.string();
  if (step.full_refresh) environment["LOCHAN_FULL_REFRESH"] = "true";
  if (command.reads.empty() && command.writes.empty()) return run_program(*command.config, environment, worker, talk);
  const ProgramToken token(lake_.catalog(), {branch_, !command.writes.empty(), command.writes, ""});
  environment["LOCHAN_CATALOG_URI"] = lake_.uri();
  environment["LOCHAN_TOKEN"] = token.text();
  environment["LOCHAN_WAREHOUSE"] = branch_;
  const ProgramTalk masked{talk.say, [&](std::string_view text) { return without(talk.mask(text), token.text()); }};
  run_program(*command.config, environment, worker, masked);
}

}  // namespace lochan
