// What the project's SQL means: each model parsed and bound in the shadow, in the order of its inputs.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "engine/rejected_rows.h"
#include "engine/shadow.h"
#include "project/project.h"

namespace lochan {

/// A model as the parser and the binder see it.
struct AnalysedModel {
  const Model* model = nullptr;
  ParsedQuery query;
  std::vector<TableName> reads;  // distinct, in order of first mention
  std::vector<Column> selected;  // what its SELECT gives; empty when an input's columns aren't known yet
  std::vector<Column> columns;   // of its table: the same, but of one with history
  std::string fingerprint;       // of code and settings: white space and comments don't count
};

/// A check of a table, with the other tables it reads.
struct AnalysedCheck {
  const CheckConfig* config = nullptr;
  std::vector<TableName> reads;
  std::optional<RowRule> rule = {};  // with `on_fail: quarantine`
};

/// A command, with the tables around it.
struct AnalysedCommand {
  const CommandConfig* config = nullptr;
  std::vector<TableName> reads;
  std::vector<TableName> writes;
  std::string fingerprint;  // of its settings, and of the project's files that it runs
};

/// A model in a database, as the database said when it was asked.
struct AnalysedDatabaseModel {
  const Model* model = nullptr;
  std::vector<TableName> reads;      // of the project: others like it, and tables of the lake that sinks carry there
  std::set<std::string> sinks;       // those that do
  std::vector<std::string> outside;  // what else it reads there: `public.payment`
  std::vector<Column> columns;       // with the database's types
  std::string stale;                 // why; "" when it is up to date
  bool is_modified = false;          // because of its code, or it was never built
  bool is_late = false;              // it is made from tables of the lake, so it comes after the sinks
  std::optional<Error> problem;      // why nothing was said: the database is away, or what it reads isn't there
};

struct Analysis {
  std::map<TableName, AnalysedModel> models;
  std::map<TableName, AnalysedDatabaseModel> database_models;
  /// Raw tables that are loaded from tables of models in a database, of those that aren't late.
  std::map<TableName, std::vector<TableName>> raw_reads;
  std::map<std::string, AnalysedCommand> commands;
  std::map<TableName, std::vector<AnalysedCheck>> checks;
  std::vector<TableName> order;  // raw tables, models (in databases too) and outputs of commands, inputs first
  std::vector<std::string> command_order;             // what they need first
  std::map<TableName, std::vector<Column>> columns;   // of every table that is known
  std::map<TableName, std::string> raw_fingerprints;  // raw tables: of how they are loaded
  std::list<CheckConfig> own_checks;                  // those that are nowhere written down: of tables with history
  std::vector<Error> problems;                        // in the order of files and lines
};

/// The command that writes a table; null when none does.
const AnalysedCommand* maker(const Analysis& analysis, const TableName& table);

/// All problems of a project as one error: what a command that needs a sound project throws.
class ProjectProblems : public Error {
 public:
  explicit ProjectProblems(std::vector<Error> problems);
  const std::vector<Error>& problems() const { return problems_; }

 private:
  std::vector<Error> problems_;
};

struct AnalysisOptions {
  /// Ask sources for the columns of raw tables that were never loaded. Unreachable ones leave their readers unbound.
  bool discover = true;
  /// Ask databases that models are made in. Else these models are unknown.
  bool databases = true;
};

/// `entries` are main's, or a branch's: raw tables and outside tables have the columns they have there.
Analysis analyse(const Project& project, std::span<const Entry> entries, Shadow& shadow, AnalysisOptions options = {});

}  // namespace lochan
