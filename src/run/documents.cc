#include "run/documents.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace lochan {
namespace {

void add_position(Document& document, const Position& position) {
  if (!position.is_known()) return;
  document["file"] = position.file;
  if (position.line > 0) document["line"] = position.line;
  if (position.column > 0) document["column"] = position.column;
}

}  // namespace

double rounded_seconds(double seconds) { return std::round(seconds * 1000) / 1000; }

Document to_document(const Error& error) {
  Document result;
  add_position(result, error.position());
  result["kind"] = to_string(error.kind());
  result["message"] = error.message();
  if (!error.hint().empty()) result["hint"] = error.hint();
  return result;
}

Document to_document(const Column& column) {
  return {{"name", column.name}, {"type", column.type}, {"nullable", column.nullable}};
}

Document to_document(const Rows& rows) {
  Document lines = Document::array();
  for (const auto& row : rows.rows) {
    Document line = Document::array();
    for (const auto& cell : row) line.push_back(cell ? Document(*cell) : Document());
    lines.push_back(std::move(line));
  }
  Document names = Document::array();
  for (const Column& column : rows.columns) names.push_back(column.name);
  return {{"columns", std::move(names)}, {"rows", std::move(lines)}};
}

Document to_document(const CheckResult& result) {
  Document document = {{"check", result.name},
                       {"table", to_string(result.table)},
                       {"severity", result.severity == Severity::Error ? "error" : "warn"},
                       {"passed", result.passed()},
                       {"failing", result.failing}};
  if (!result.error.empty()) document["error"] = result.error;
  add_position(document, result.position);
  if (!result.sample.empty()) document["sample"] = to_document(result.sample);
  return document;
}

Document to_document(const StepReport& step) {
  Document document = {{"step", step.name},
                       {"kind", step.kind},
                       {"state", to_string(step.state)},
                       {"reason", step.reason},
                       {"attempts", step.attempts},
                       {"rows_read", step.rows_read ? Document(*step.rows_read) : Document()},
                       {"rows_written", step.rows_written},
                       {"rows_removed", step.rows_removed},
                       {"rows_rejected", step.rows_rejected},
                       {"bytes_read", step.bytes_read ? Document(*step.bytes_read) : Document()},
                       {"bytes_written", step.bytes_written},
                       {"seconds", rounded_seconds(step.seconds)},
                       {"tables", to_document(std::span(step.tables))}};
  if (!step.intervals.empty()) document["intervals"] = step.intervals;
  if (!step.error.empty()) document["error"] = step.error;
  return document;
}

Document to_document(const RunRecord& record) {
  Document document = {{"run", record.run},
          {"state", to_string(record.state)},
          {"command", record.command},
          {"selection", record.selection},
          {"author", record.author},
          {"target", record.target},
          {"branch", record.branch},
          {"publication", record.publication == 0 ? Document() : Document(record.publication)},
          {"started_at", to_iso8601(record.started_at)},
          {"finished_at", record.finished_at ? Document(to_iso8601(*record.finished_at)) : Document()}};
  if (!record.place.empty()) document["place"] = record.place;
  document["message"] = record.message;
  return document;
}

Document to_document(std::span<const TableName> tables) {
  Document result = Document::array();
  for (const TableName& table : tables) result.push_back(to_string(table));
  return result;
}

}  // namespace lochan
