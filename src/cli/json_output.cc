#include "cli/json_output.h"

#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace lochan {
namespace {

Document to_document(const PlannedTable& planned) {
  Document result = {{"table", to_string(planned.table)},
                     {"state", to_string(planned.state)},
                     {"reason", planned.reason},
                     {"rebuild", planned.rebuild}};
  if (planned.is_raw) result["connections"] = planned.connections;
  return result;
}

Document to_document(const HeldBack& held) { return {{"table", to_string(held.table)}, {"reason", held.reason}}; }

template <typename Items>
Document list(const Items& items) {
  Document result = Document::array();
  for (const auto& item : items) result.push_back(to_document(item));
  return result;
}

/// Before the text is quoted: a quoted secret would no longer be found in it.
void mask(const Terminal& terminal, Document& document) {
  if (document.is_string()) document = terminal.masked(document.get_ref<const std::string&>());
  if (!document.is_structured()) return;
  for (Document& child : document) mask(terminal, child);
}

}  // namespace

Document to_document(const PlannedSink& planned) {
  return {{"sink", planned.name}, {"state", to_string(planned.state)}, {"reason", planned.reason}};
}

Document to_document(const PlannedCommand& planned) {
  return {{"command", planned.name}, {"state", to_string(planned.state)}, {"reason", planned.reason}};
}

Document to_document(const PlannedDatabaseModel& planned) {
  return {{"table", to_string(planned.table)},
          {"in", planned.connection},
          {"state", to_string(planned.state)},
          {"reason", planned.reason}};
}

Document to_document(const Plan& plan) {
  Document document = {
      {"publication", plan.publication}, {"has_work", plan.has_work()}, {"tables", list(plan.tables)}};
  if (!plan.sinks.empty()) document["sinks"] = list(plan.sinks);
  if (!plan.commands.empty()) document["commands"] = list(plan.commands);
  if (!plan.databases.empty()) document["databases"] = list(plan.databases);
  return document;
}

Document to_document(const RunOutcome& outcome) {
  Document document;
  document["run"] = outcome.run == 0 ? Document() : Document(outcome.run);
  document["state"] = to_string(outcome.state);
  document["publication"] = outcome.publication ? Document(*outcome.publication) : Document();
  document["branch"] = outcome.branch.empty() ? Document() : Document(outcome.branch);
  document["seconds"] = rounded_seconds(outcome.seconds);
  document["published"] = to_document(std::span(outcome.published));
  document["held_back"] = list(outcome.held_back);
  document["steps"] = list(outcome.steps);
  document["checks"] = list(outcome.checks);
  document["plan"] = to_document(outcome.plan);
  return document;
}

namespace {

Document to_document(const CompactionOutcome& outcome) {
  Document rewritten = Document::array(), skipped = Document::array();
  for (const CompactedTable& table : outcome.tables)
    rewritten.push_back({{"table", to_string(table.table)},
                         {"files_before", table.files_before},
                         {"files_after", table.files_after},
                         {"read_bytes", table.read_bytes},
                         {"written_bytes", table.written_bytes},
                         {"publication", table.publication}});
  for (const SkippedTable& table : outcome.skipped)
    skipped.push_back({{"table", to_string(table.table)}, {"reason", table.reason}, {"error", table.is_error}});
  return {{"tables", rewritten},
          {"skipped", skipped},
          {"read_bytes", outcome.read_bytes},
          {"written_bytes", outcome.written_bytes}};
}

Document to_document(const LifecycleOutcome& outcome) {
  Document aged = Document::array(), skipped = Document::array();
  for (const AgedTable& table : outcome.tables)
    aged.push_back({{"table", to_string(table.table)},
                    {"archived", table.archived},
                    {"archived_rows", table.archived_rows},
                    {"deleted", table.deleted},
                    {"publication", table.publication}});
  for (const SkippedTable& table : outcome.skipped)
    skipped.push_back({{"table", to_string(table.table)}, {"reason", table.reason}, {"error", table.is_error}});
  return {{"tables", aged}, {"skipped", skipped}, {"removed_copies", outcome.removed_copies}};
}

}  // namespace

Document to_document(const MaintainOutcome& outcome) {
  Document pinned = Document::array();
  for (const PinnedPast& past : outcome.pinned)
    pinned.push_back({{"by", past.by},
                      {"publication", past.publication},
                      {"since", to_iso8601(past.since)},
                      {"files", past.files},
                      {"bytes", past.bytes}});
  return {{"aged", to_document(outcome.lifecycle)},
          {"rewritten", to_document(outcome.compaction)},
          {"removed_files", outcome.removed_files},
          {"removed_bytes", outcome.removed_bytes},
          {"expired_publications", outcome.expired_publications},
          {"dropped_branches", outcome.dropped_branches},
          {"pinned", std::move(pinned)},
          {"busy", to_document(std::span(outcome.busy))},
          {"cancelled", outcome.is_cancelled}};
}

void print_document(Terminal& terminal, Document document) {
  mask(terminal, document);
  terminal.print(document.dump(2, ' ', false, Document::error_handler_t::replace));
}

void print_error(Terminal& terminal, const Error& error) { print_document(terminal, {{"error", to_document(error)}}); }

void print_problems(Terminal& terminal, std::span<const Error> problems) {
  print_document(terminal, {{"problems", list(problems)}});
}

}  // namespace lochan
