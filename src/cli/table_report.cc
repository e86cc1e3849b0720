#include "cli/table_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "plan/interval_model.h"
#include "project/rejected_name.h"
#include "run/archive.h"
#include "run/query.h"
#include "run/run.h"
#include "run/sink_marks.h"

namespace lochan {
namespace {

constexpr std::size_t kShortFingerprint = 12;

std::string kind_of(const Project& project, const TableName& table) {
  const auto model = project.models.find(table);
  for (const auto& [name, command] : project.commands)
    if (std::ranges::find(command.outputs, table, &CommandOutput::table) != command.outputs.end()) return "command:" + name;
  return model == project.models.end() ? "raw" : std::string(to_string(model->second.materialized));
}

std::vector<std::string> connections_of(const Project& project, const TableName& table) {
  std::vector<std::string> names;
  for (const auto& [name, source] : project.sources) {
    const bool brings =
        std::ranges::any_of(source.tables, [&](const SourceTable& other) { return other.table() == table; });
    for (const LocatedText& connection : source.from)
      if (brings) names.push_back(*connection);
  }
  return names;
}

/// Data files and their bytes, from the summary of the current snapshot (Iceberg spec, "Optional Snapshot Summary
/// Fields").
void read_sizes(Lake& lake, const Entry& entry, TableReport& report) {
  const auto name = lake.store().name_of(entry.metadata_location);
  if (!name) return;
  const auto metadata = nlohmann::json::parse(lake.store().read(*name), nullptr, false);
  if (!metadata.is_object() || !metadata.contains("current-snapshot-id") || !metadata.contains("snapshots")) return;
  for (const auto& snapshot : metadata["snapshots"]) {
    if (snapshot.value("snapshot-id", nlohmann::json()) != metadata["current-snapshot-id"]) continue;
    const auto summary = snapshot.value("summary", nlohmann::json::object());
    if (summary.contains("total-data-files")) report.files = std::stoll(summary["total-data-files"].get<std::string>());
    if (summary.contains("total-files-size")) report.bytes = std::stoll(summary["total-files-size"].get<std::string>());
  }
}

std::vector<TableSink> sinks_of(Lake& lake, const TableName& table) {
  std::vector<TableSink> result;
  for (const auto& [name, sink] : lake.project().sinks) {
    for (const SinkTable& carried : sink.tables) {
      if (carried.table != table) continue;
      const auto mark = SinkMarks(lake.state()).find(name, table);
      result.push_back({name, *sink.to, carried.to, mark ? mark->publication : 0});
    }
  }
  return result;
}

void add_intervals(const Lake& lake, const Entry& entry, TableReport& report) {
  const auto model = lake.project().models.find(entry.table);
  if (model == lake.project().models.end() || !has_intervals(model->second)) return;
  const TimeRanges built = built_intervals(entry);
  report.intervals = show_ranges(built, model->second.interval);
  report.missing = show_ranges(missing_intervals(model->second, built, lake.clock().now()), model->second.interval);
}

std::string names(const std::vector<TableName>& tables) {
  std::vector<std::string> list;
  for (const TableName& table : tables) list.push_back(to_string(table));
  return fmt::format("{}", fmt::join(list, ", "));
}

}  // namespace

TableReports::TableReports(Lake& lake, std::string ref) : ref_(std::move(ref)) {
  const std::string bound = ref_.empty() ? "main" : ref_;
  entries_ = lake.catalog().entries(bound);
  analysis_ = analyse(lake.project(), entries_, shadow_);
  if (!analysis_.problems.empty()) throw ProjectProblems(analysis_.problems);
  graph_.emplace(analysis_);
  RunRequest request;
  const auto branch = lake.catalog().find_branch(bound);
  if (branch && branch->kind == BranchKind::Named) request.target = bound;
  add_plan(plan_run(lake, request), lake.project());
  add_outside();
}

const Entry* TableReports::entry(const TableName& table) const {
  const auto found = std::ranges::find(entries_, table, &Entry::table);
  return found == entries_.end() ? nullptr : &*found;
}

void TableReports::add_plan(const Plan& plan, const Project& project) {
  sinks_ = plan.sinks;
  commands_ = plan.commands;
  for (const PlannedTable& planned : plan.tables) {
    const Entry* found = entry(planned.table);
    summaries_.push_back({planned.table, kind_of(project, planned.table),
                          found == nullptr ? 0 : found->from_publication, std::string(to_string(planned.state)),
                          planned.reason});
  }
  add_databases(plan, project);
}

void TableReports::add_databases(const Plan& plan, const Project& project) {
  for (const PlannedDatabaseModel& planned : plan.databases)
    summaries_.push_back(
        {planned.table,
         fmt::format("{} in {}", to_string(project.database_models.at(planned.table).materialized), planned.connection),
         0, std::string(to_string(planned.state)), planned.reason});
}

void TableReports::add_outside() {
  for (const Entry& other : entries_) {
    if (graph_->contains(other.table) && analysis_.columns.contains(other.table) &&
        std::ranges::any_of(summaries_, [&](const TableSummary& summary) { return summary.table == other.table; }))
      continue;
    summaries_.push_back({other.table, "outside", other.from_publication, "", "not made by this project"});
  }
}

TableName TableReports::find(const std::string& name) const {
  std::vector<std::string> known;
  for (const TableSummary& summary : summaries_) {
    if (to_string(summary.table) == name) return summary.table;
    known.push_back(to_string(summary.table));
  }
  throw Error(ErrorKind::Usage, fmt::format("no table `{}`", name))
      .hint(text::did_you_mean(name, known, "`lochan show` lists the tables"));
}

TableReport TableReports::read(Lake& lake, const TableName& table) const {
  const Project& project = lake.project();
  TableReport report;
  report.summary = *std::ranges::find(summaries_, table, &TableSummary::table);
  if (const auto columns = analysis_.columns.find(table); columns != analysis_.columns.end())
    report.columns = columns->second;
  if (graph_->contains(table)) report.inputs = graph_->inputs(table), report.readers = graph_->readers(table);
  report.connections = connections_of(project, table);
  report.sinks = sinks_of(lake, table);
  if (const auto checks = analysis_.checks.find(table); checks != analysis_.checks.end())
    for (const AnalysedCheck& check : checks->second) report.checks.push_back(*check.config);
  if (const auto model = analysis_.models.find(table); model != analysis_.models.end()) {
    report.fingerprint = model->second.fingerprint;
    report.file = model->second.model->file;
    report.description = model->second.model->description;
  } else if (const auto raw = analysis_.raw_fingerprints.find(table); raw != analysis_.raw_fingerprints.end()) {
    report.fingerprint = raw->second;
  }
  if (const auto made = analysis_.database_models.find(table); made != analysis_.database_models.end()) {
    report.columns = made->second.columns;
    report.outside = made->second.outside;
    report.file = made->second.model->file;
    report.description = made->second.model->description;
    report.checks = made->second.model->checks;
    return report;
  }
  const Entry* found = entry(table);
  if (found == nullptr) return report;
  if (report.columns.empty()) report.columns = found->columns;
  report.data_version = found->data_version;
  add_intervals(lake, *found, report);
  if (const auto run = found->properties.find("lochan.run"); run != found->properties.end()) report.run = run->second;
  for (const Publication& publication : lake.catalog().publications(1'000'000))
    if (publication.number == found->from_publication) report.published = publication;
  report.archived = archive_note(*found);
  report.archived_days = days_of(*found, kArchivedProperty);
  if (found->kind == EntryKind::Table) read_sizes(lake, *found, report);
  LakeReader reader(lake, ref_);
  const auto count = [&](const std::string& rows) {
    return reader.session().query(reader.resolve("select count(*) from " + rows)).integer();
  };
  report.rows = count(quoted(table));
  if (const TableName log = rejected_table(table); entry(log) != nullptr)
    report.rejected = count(quoted(log) + " where closed_run is null");
  return report;
}

Document to_document(const TableSummary& summary) {
  return {{"table", to_string(summary.table)},
          {"kind", summary.kind},
          {"publication", summary.publication == 0 ? Document() : Document(summary.publication)},
          {"state", summary.state},
          {"reason", summary.reason}};
}

Document to_document(const TableReport& report) {
  Document document = to_document(report.summary);
  document["file"] = report.file.empty() ? Document() : Document(report.file);
  document["description"] = report.description;
  document["columns"] = Document::array();
  for (const Column& column : report.columns) document["columns"].push_back(to_document(column));
  document["inputs"] = to_document(std::span(report.inputs));
  document["connections"] = report.connections;
  if (!report.outside.empty()) document["outside"] = report.outside;
  document["readers"] = to_document(std::span(report.readers));
  if (!report.sinks.empty()) document["sinks"] = Document::array();
  for (const TableSink& sink : report.sinks)
    document["sinks"].push_back({{"sink", sink.sink},
                                 {"connection", sink.connection},
                                 {"to", sink.to},
                                 {"publication", sink.publication == 0 ? Document() : Document(sink.publication)}});
  document["checks"] = Document::array();
  for (const CheckConfig& check : report.checks)
    document["checks"].push_back(
        {{"check", check.name}, {"severity", check.severity == Severity::Error ? "error" : "warn"}});
  document["fingerprint"] = report.fingerprint;
  document["data_version"] = report.data_version;
  document["published_at"] = report.published ? Document(to_iso8601(report.published->at)) : Document();
  document["author"] = report.published ? Document(report.published->author) : Document();
  document["run"] = report.run.empty() ? Document() : Document(report.run);
  if (!report.intervals.empty()) document["intervals"] = report.intervals;
  if (!report.missing.empty()) document["missing"] = report.missing;
  document["rows"] = report.rows ? Document(*report.rows) : Document();
  if (report.rejected) document["rejected"] = *report.rejected;
  if (!report.archived_days.empty()) {
    document["archived"] = Document::array();
    for (const auto& [day, file] : report.archived_days) document["archived"].push_back(day);
  }
  document["files"] = report.files ? Document(*report.files) : Document();
  document["bytes"] = report.bytes ? Document(*report.bytes) : Document();
  return document;
}

std::string render(const Terminal& terminal, const TableReport& report) {
  const TableSummary& summary = report.summary;
  std::string text = terminal.paint(Color::Bold, to_string(summary.table)) +
                     fmt::format("  ({}{}{})", summary.kind, report.file.empty() ? "" : ", ", report.file);
  if (!report.description.empty()) text += "\n" + report.description;
  std::vector<std::vector<std::string>> lines;
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) lines.push_back({std::move(name), std::move(value)});
  };
  add("made from",
      report.connections.empty() ? names(report.inputs) : fmt::format("{}", fmt::join(report.connections, ", ")));
  add("and from", fmt::format("{}", fmt::join(report.outside, ", ")));
  add("read by", names(report.readers));
  for (const TableSink& sink : report.sinks)
    add("carried by",
        fmt::format("sink:{} to `{}` of {}, {}", sink.sink, sink.to, sink.connection,
                    sink.publication == 0 ? "not yet" : fmt::format("last from publication {}", sink.publication)));
  add("state", summary.reason.empty() ? summary.state : fmt::format("{}: {}", summary.state, summary.reason));
  add("fingerprint", report.fingerprint.substr(0, kShortFingerprint));
  add("data version", report.data_version);
  if (report.published)
    add("published", fmt::format("publication {} at {} by {}", report.published->number,
                                 to_string(report.published->at).substr(0, 19), report.published->author));
  add("run", report.run);
  add("built for", report.intervals);
  add("missing", report.missing);
  if (report.rows) add("rows", std::to_string(*report.rows));
  if (report.rejected) {
    const std::string log = to_string(rejected_table(summary.table));
    add("rejected", *report.rejected == 0 ? "none now: see " + log : fmt::format("{}: see {}", *report.rejected, log));
  }
  if (!report.archived.empty()) add("archived", report.archived.substr(report.archived.find(": ") + 2));
  if (report.files)
    add("files", report.bytes ? fmt::format("{} ({})", *report.files,
                                            text::human_bytes(static_cast<std::uint64_t>(*report.bytes)))
                              : std::to_string(*report.files));
  text += "\n\n" + align(lines);
  lines.clear();
  for (const Column& column : report.columns)
    lines.push_back({column.name, column.type, column.nullable ? "" : "not null"});
  text += "\n\ncolumns\n" + (lines.empty() ? "  not known before the first run" : align(lines, "  "));
  lines.clear();
  for (const CheckConfig& check : report.checks)
    lines.push_back({check.name, check.severity == Severity::Error ? "error" : "warn", to_string(check.position)});
  return lines.empty() ? text : text + "\n\nchecks\n" + align(lines, "  ");
}

}  // namespace lochan
