// What there is to say about the tables of a lake: from the project, the plan, the catalog and the table's metadata.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "plan/graph.h"
#include "plan/plan.h"
#include "run/lake.h"

namespace lochan {

/// A line of the list.
struct TableSummary {
  TableName table;
  std::string kind;              // "raw", "table", "view", "append", "incremental", "outside"
  std::int64_t publication = 0;  // that last changed it; 0: not published
  std::string state;             // of the plan; "" for an outside table
  std::string reason;
};

/// A sink that carries a table.
struct TableSink {
  std::string sink;
  std::string connection;
  std::string to;                // its name there
  std::int64_t publication = 0;  // that is there, as far as is known; 0: none
};

struct TableReport {
  TableSummary summary;
  std::string file;  // of the model
  std::string description;
  std::vector<Column> columns;
  std::vector<TableName> inputs;
  std::vector<std::string> connections;
  std::vector<std::string> outside;  // what else a model in a database reads there
  std::vector<TableName> readers;
  std::vector<TableSink> sinks;
  std::vector<CheckConfig> checks;
  std::string fingerprint;  // of the code as it is now
  std::string data_version;
  std::optional<Publication> published;
  std::string run;  // that built it
  std::string intervals;  // incremental by time: those it was built for, and those that are missing
  std::string missing;
  std::optional<std::int64_t> rows;
  std::optional<std::int64_t> rejected;  // rows that are missing from it; none: it has no log of them
  std::string archived;  // what of it is, and how it comes back
  std::map<std::string, std::string> archived_days;  // day → file
  std::optional<std::int64_t> files;
  std::optional<std::int64_t> bytes;
};

class TableReports {
 public:
  /// `ref` as LakeReader has it.
  TableReports(Lake& lake, std::string ref);

  const std::vector<TableSummary>& summaries() const { return summaries_; }
  const Analysis& analysis() const { return analysis_; }
  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<PlannedSink>& sinks() const { return sinks_; }
  const std::vector<PlannedCommand>& commands() const { return commands_; }
  /// Throws Error{Usage} with the nearest name.
  TableName find(const std::string& name) const;
  /// Counts the rows, so it opens an engine when the table is there.
  TableReport read(Lake& lake, const TableName& table) const;

 private:
  void add_plan(const Plan& plan, const Project& project);
  void add_databases(const Plan& plan, const Project& project);
  void add_outside();
  const Entry* entry(const TableName& table) const;

  std::string ref_;
  std::vector<Entry> entries_;
  Shadow shadow_;
  Analysis analysis_;
  std::optional<Graph> graph_;
  std::vector<TableSummary> summaries_;
  std::vector<PlannedSink> sinks_;
  std::vector<PlannedCommand> commands_;
};

nlohmann::ordered_json to_document(const TableSummary& summary);
nlohmann::ordered_json to_document(const TableReport& report);
std::string render(const Terminal& terminal, const TableReport& report);

}  // namespace lochan
