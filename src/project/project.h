// A project: everything a team wrote in its folder, read into plain structs, each value with its file and line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "project/table_name.h"

namespace lochan {

/// A value with the place it was written at.
template <typename T>
struct Located {
  T value{};
  Position position;

  const T& operator*() const { return value; }
  const T* operator->() const { return &value; }
};
using LocatedText = Located<std::string>;

struct LayerConfig {
  std::string name;
  bool immutable = false;  // no object of the layer is ever overwritten or removed
  Position position;
};

/// A named outside system, by its URL: `sqlite:./data/branch_1.db`, `files:./drop`.
struct Connection {
  std::string name;
  std::string kind;      // the URL's scheme: sqlite, files
  std::string url;       // as written, with variables put in: may hold secrets
  std::string location;  // what follows the scheme; a path is made absolute by the project's folder
  Position position;
};

enum class Severity { Error, Warn };

/// One check of a table, as written. `kind` is one of the registry's (not_null, unique, accepted_values, range,
/// relationships, row_count, expression, sql); which of the fields it uses, its factory says and checks.
struct CheckConfig {
  std::string kind;
  std::string name;  // kind and columns by default: `not_null_id`; one of its own in its table
  std::vector<LocatedText> columns;
  std::vector<std::string> values;      // accepted_values
  std::optional<std::string> min, max;  // range, row_count: literals as written
  std::optional<LocatedText> to;        // relationships: `staging.product`
  std::string field;                    // relationships: the column there
  std::string expression;               // expression: must be true of every row
  std::string where;                    // only rows for which this is true
  std::string sql;                      // sql: a whole query whose rows are the failing ones; text as Model::sql
  std::string description;              // sql
  Severity severity = Severity::Error;
  Position position;
};

enum class LoadMode { Full, Incremental };

/// One table that a source brings into `raw.<name>`.
struct SourceTable {
  std::string name;  // in the lake: raw.<name>
  std::string from;  // at the source: a table, or a glob of files; `name` by default
  LoadMode load = LoadMode::Full;
  std::optional<LocatedText> cursor;  // incremental: the column that only grows
  std::vector<LocatedText> key;
  std::chrono::seconds lookback{0};
  std::map<std::string, std::string> options;  // a file's: format, delimiter, header, …; `columns` is a JSON object of
                                               // names to types, in order
  std::vector<CheckConfig> checks;
  Position position;
  TableName table() const { return {"raw", name}; }
};

/// A file of `sources/`: the same tables from each of its connections.
struct SourceConfig {
  std::string name;
  std::vector<LocatedText> from;  // names of connections
  std::vector<SourceTable> tables;
  std::vector<std::string> tags;
  Position position;
};

enum class Materialization { Table, View, Append, Incremental };

/// One SQL file that makes one table.
struct Model {
  TableName table;
  /// The select, comments and front matter blanked so that offsets are the file's; `{{ ref('x') }}` and
  /// `{{ source('a','b') }}` read as plain names padded with blanks. "" when it can't be read: a problem of the
  /// project.
  std::string sql;
  std::string file;  // relative to the project's folder
  Materialization materialized = Materialization::Table;
  std::vector<LocatedText> key;           // incremental
  std::vector<LocatedText> partition_by;  // columns or Iceberg transforms: `dt`, `day(sold_at)`
  std::vector<CheckConfig> checks;
  std::vector<std::string> tags;
  std::string description;
  Position position;
};

/// A macro file's statements, run in each engine: `create macro …`.
struct Macro {
  std::string sql;
  std::string file;
};

enum class PublishMode { Audited, All };  // every table that isn't held back, or all or nothing

struct EngineConfig {
  std::string memory_limit;  // "" : half of what the machine has
  int threads = 0;           // 0: as many as cores
  std::string spill;         // absolute folder; "" : .lochan/spill
};

struct RunConfig {
  int workers = 0;                              // steps at once; 0: as many as cores
  int retries = 2;                              // of what may be retried
  std::chrono::milliseconds retry_delay{1000};  // doubled each time
  std::chrono::seconds timeout{3600};           // of one attempt of one step
  PublishMode publish = PublishMode::Audited;
  std::chrono::seconds wait_for_claim{600};
};

struct RetentionConfig {
  std::chrono::seconds publications{std::chrono::hours{24 * 7}};  // time travel reaches this far back
  int keep_publications = 10;                                     // and never fewer than these
  std::chrono::seconds failed_branches{std::chrono::hours{24 * 3}};
};

struct Project {
  std::string name;
  std::filesystem::path folder;               // absolute
  std::filesystem::path lake;                 // absolute folder
  std::filesystem::path state;                // absolute file of the SQLite state
  std::map<std::string, LayerConfig> layers;  // those written; any other layer has the defaults
  std::map<std::string, Connection> connections;
  std::map<std::string, SourceConfig> sources;
  std::map<TableName, Model> models;
  /// Checks on tables: copies of Model::checks and SourceTable::checks, and those of checks/*.sql.
  std::map<TableName, std::vector<CheckConfig>> checks;
  std::vector<Macro> macros;
  std::map<std::string, std::string> variables;  // `variables:`, named parameters in SQL
  EngineConfig engine;
  RunConfig run;
  RetentionConfig retention;
};

}  // namespace lochan
