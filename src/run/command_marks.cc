#include "run/command_marks.h"

#include <array>

namespace lochan {
namespace {

constexpr std::array kMigrations = {Migration{"command", 1, R"(
create table command_mark(command text primary key, fingerprint text not null, inputs text not null, at bigint not null)
)"}};

}  // namespace

std::span<const Migration> CommandMarks::migrations() { return kMigrations; }

std::optional<CommandMark> CommandMarks::find(const std::string& command) const {
  const auto rows = state_.query("select fingerprint, inputs from command_mark where command = $1", {command});
  if (rows.empty()) return std::nullopt;
  return CommandMark{rows[0].text(0), parse_inputs(rows[0].text(1))};
}

void CommandMarks::save(const std::string& command, const CommandMark& mark, Instant at) {
  state_.execute(
      "insert into command_mark(command, fingerprint, inputs, at) values ($1, $2, $3, $4) on conflict(command) do update "
      "set fingerprint = $2, inputs = $3, at = $4",
      {command, mark.fingerprint, inputs_property(mark.inputs), to_micros(at)});
}

}  // namespace lochan
