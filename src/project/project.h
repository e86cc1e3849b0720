// A project: everything a team wrote in its folder, read into plain structs, each value with its file and line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/aws_keys.h"
#include "base/error.h"
#include "project/state_config.h"
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

struct HttpSettings;  // project/http_config.h
struct HttpResource;
struct DatabaseModel;  // project/database_model.h
struct FilesSettings;  // project/files_config.h

/// What encrypts objects: what the bucket says, S3's own keys (SSE-S3), or a key of KMS.
enum class Encryption { Bucket, S3, Kms };

/// How a bucket is reached; read from `lake:`, then from the environment as AWS's own tools read it.
struct S3Access {
  std::string endpoint;  // "https://minio.example.com:9000"; "": AWS's of the region
  std::string region;
  std::optional<bool>
      path_style;  // the bucket in the path, not in the host's name; by default where there is an endpoint
  AwsKeys keys;
  std::string profile;                 // of the shared credentials file
  std::filesystem::path certificates;  // absolute file of the authorities to trust; "": the machine's
  Encryption encryption = Encryption::Bucket;
  std::string kms_key;            // "": the account's own
  std::optional<AwsKeys> vended;  // what clients of `lochan serve` get that ask for keys
};

/// Where tables lie.
struct LakePlace {
  std::string location;  // an absolute folder, or `s3://bucket/prefix`; no slash at its end
  S3Access s3;
  Position position;
  std::string written_in = "`lake`";  // for hints: where its settings stand
  bool is_on_s3() const { return location.starts_with("s3://"); }
};

struct LayerConfig {
  std::string name;
  bool immutable = false;                               // no object of the layer is ever overwritten or removed
  std::optional<LakePlace> lake{};                      // a place of its own for its tables
  std::optional<std::chrono::seconds> object_lock{};    // how long its bucket must keep each object
  std::optional<std::chrono::seconds> archive_after{};  // what was loaded so long ago goes to the archive
  std::optional<std::chrono::seconds> delete_after{};   // and is deleted, from the archive too
  std::optional<LakePlace> archive{};                   // none: the folder .lochan/archive
  std::string archive_class{};  // S3's storage class of archived days: GLACIER_IR; "": none is asked for
  Position position;
};

/// A named outside system, by its URL: `sqlite:./data/branch_1.db`, `files:./drop`, `s3://bucket/prefix`,
/// `postgresql://user@host/shop`.
struct Connection {
  std::string name;
  std::string kind;      // sqlite, files, postgres, mysql, mongodb, http
  std::string url;       // as written, with variables put in: may hold secrets
  std::string location;  // a path: absolute, by the project's folder; of a server or a bucket: the whole URL
  int pool = 0;          // steps at once that may use it; 0: any number
  std::shared_ptr<HttpSettings>
      http{};  // of kind http, and files there; shared: copies of a connection keep to one rate limit
  std::shared_ptr<FilesSettings>
      files{};  // of kind files: a bucket, a list of names; shared: nothing changes it once it is read
  Position position;
};

enum class Severity { Error, Warn };

/// What becomes of rows that an error check refuses: their table is held back, or they alone go to `<table>__rejected`.
enum class OnFail { HoldBack, Quarantine };

/// How many rejected records a step may have before it fails: a number, or a share of what it read. Neither: no limit.
struct RejectLimit {
  std::optional<std::int64_t> rows;
  std::optional<double> share;  // 0.05 for `5%`
};

/// One check of a table, as written. `kind` is one of the registry's (not_null, unique, accepted_values, range,
/// pattern, relationships, row_count, freshness, reconciliation, expression, sql); which of the fields it uses, its
/// factory says and checks.
struct CheckConfig {
  std::string kind;
  std::string name;  // kind and columns by default: `not_null_id`; one of its own in its table
  std::vector<LocatedText> columns;
  std::vector<std::string> values;              // accepted_values
  std::optional<std::string> min, max;          // range, row_count: literals as written
  std::optional<LocatedText> to;                // relationships: `staging.product`
  std::string field;                            // relationships: the column there
  std::string expression;                       // expression: must be true of every row
  std::string pattern;                          // pattern: a regular expression (RE2) that the whole value matches
  std::optional<std::chrono::seconds> max_age;  // freshness: of the newest value of its column, at the run's time
  std::string tolerance;                        // reconciliation: `10`, or `0.5%` of the source's; "": none
  std::string where;                            // only rows for which this is true
  std::string sql;          // sql: a whole query whose rows are the failing ones; text as Model::sql
  std::string description;  // sql
  Severity severity = Severity::Error;
  OnFail on_fail = OnFail::HoldBack;
  Position position;
};

/// What a step of its own may differ in from `run:`.
struct StepLimits {
  std::optional<int> retries;
  std::optional<std::chrono::milliseconds> retry_delay;
  std::optional<std::chrono::seconds> timeout;
};

enum class LoadMode { Full, Incremental };

/// Incremental loads: whether keys that are gone at the source are looked for.
enum class SourceDeletes { Ignore, Detect };

/// One table that a source brings into `raw.<name>`.
struct SourceTable {
  std::string name;  // in the lake: raw.<name>
  std::string from;  // at the source: a table, or a glob of files; `name` by default
  LoadMode load = LoadMode::Full;
  std::optional<LocatedText> cursor;  // incremental: the column that only grows
  std::vector<LocatedText> key;
  std::chrono::seconds lookback{0};
  SourceDeletes deletes = SourceDeletes::Ignore;
  RejectLimit max_rejected;
  std::map<std::string, std::string> options;  // a file's: format, delimiter, header, …; `columns` is a JSON object of
                                               // names to types, in order
  std::shared_ptr<const HttpResource> request{};  // from connections of kind http; shared: nothing changes it
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
  StepLimits limits;
  Position position;
};

enum class Materialization { Table, View, Append, Incremental, Scd2, MaterializedView };
/// The word of the file: `table`, `scd2`.
std::string_view to_string(Materialization materialization);

/// scd2: what a key that was deleted becomes. Close: its open row ends; NewRecord: it ends, and a row marked as deleted
/// follows it.
enum class HistoryDeletes { Close, Ignore, NewRecord };

/// The length of the ranges that an incremental model by time is built in; in UTC.
enum class Interval { Hour, Day, Week, Month, Year };

/// incremental by time: how one of the tables it reads is looked through for late rows.
struct ModelInput {
  LocatedText table;                 // as it is written
  LocatedText time;                  // its column that says which interval a row belongs to
  std::chrono::seconds lookback{0};  // so much before what is new is built again
};

/// One SQL file that makes one table.
struct Model {
  TableName table;
  /// The select, comments and front matter blanked so that offsets are the file's; `{{ ref('x') }}` and
  /// `{{ source('a','b') }}` read as plain names padded with blanks. "" when it can't be read: a problem of the
  /// project.
  std::string sql;
  std::string file;  // relative to the project's folder
  Materialization materialized = Materialization::Table;
  std::vector<LocatedText> key;           // incremental by key, scd2
  std::optional<LocatedText> updated_at;  // scd2: the column that says since when a version holds
  std::vector<LocatedText> compare;  // scd2: the columns that make a new version; none: all but the key and updated_at
  std::optional<LocatedText> deleted;              // scd2: the column that is true of a deletion
  HistoryDeletes deletes = HistoryDeletes::Close;  // scd2
  std::optional<LocatedText> time;    // incremental by time: the column that says which interval a row belongs to
  Interval interval = Interval::Day;  // incremental by time
  std::optional<LocatedText> begin;   // incremental by time: where the first interval begins
  std::vector<ModelInput> inputs;     // incremental by time
  RejectLimit max_rejected;
  std::vector<LocatedText> partition_by;  // columns or Iceberg transforms: `dt`, `day(sold_at)`
  std::vector<CheckConfig> checks;
  std::vector<std::string> tags;
  StepLimits limits;
  std::string description;
  std::shared_ptr<DatabaseModel> database{};  // of one made in a database; shared: nothing changes it once it is read
  Position position;
};

/// A file that lists materialized views of a database, which others made: they are refreshed.
struct ViewList {
  LocatedText in;                                     // the connection
  LocatedText file;                                   // relative to the project's folder
  LocatedText refreshed_at{"last_refresh_date", {}};  // the column that says when a view was refreshed
  std::vector<std::string> tags;
  StepLimits limits;
};

enum class SinkWrite { Replace, Append, Upsert, Scd2 };

struct SinkFiles;  // project/sink_files.h

/// mongodb, `upsert`: a document is the row and nothing else; or it has other fields too, which others keep, and is
/// ours; or it is another's, and we add our fields to it.
enum class SinkFields { Whole, Own, Add };

struct SinkIndex {
  std::vector<LocatedText> columns;
  bool unique = false;
};

/// One table of the lake that a sink carries out.
struct SinkTable {
  TableName table;
  std::string
      to;  // its name at the target: `sales_by_day` or `dwh.sales_by_day`; by default the table's, without layer
  SinkWrite write = SinkWrite::Replace;
  std::vector<LocatedText> key;  // upsert and scd2; of the others: the primary key at the target
  std::vector<SinkIndex> indexes;
  std::string comment;
  std::map<std::string, std::string> comments;  // of columns
  std::vector<LocatedText> grants;              // roles that may read it
  SinkFields fields = SinkFields::Whole;
  std::shared_ptr<const SinkFiles> files{};  // how files are written; shared: nothing changes it
  Position position;
};

/// A file of `sinks/`.
struct SinkConfig {
  std::string name;
  LocatedText to;      // the name of a connection
  std::string schema;  // at the target; "": the connection's own
  std::vector<SinkTable> tables;
  std::vector<std::string> tags;
  StepLimits limits;
  Position position;
};

/// Whether a command is run when what it reads has moved, in every run that selects it, or in those alone that name it,
/// and not in a run of everything.
enum class CommandWhen { Changed, Always, Selected };

/// A table that a command writes, on the run's branch.
struct CommandOutput {
  TableName table;
  std::vector<std::pair<std::string, std::string>> columns;  // names and types, in order; none: as it was last written
  std::vector<CheckConfig> checks;
  Position position;
};

/// A file of `commands/`: a program as a step.
struct CommandConfig {
  std::string name;
  std::vector<std::string> run;     // the program and its arguments; no shell
  std::string folder;               // absolute: where it runs; the project's by default
  std::vector<LocatedText> inputs;  // tables it reads
  std::vector<CommandOutput> outputs;
  std::vector<LocatedText> after;                  // commands that come first, where a run has them too
  std::map<std::string, std::string> environment;  // beside what it inherits; may hold secrets
  std::optional<CommandWhen> when;                 // by default Changed with inputs, Always without
  std::string memory_limit;                        // "512MB"; "": none
  std::optional<std::chrono::seconds> cpu_time;
  std::vector<LocatedText> connections;  // whose pools it takes a place in
  std::vector<std::string> tags;
  StepLimits limits;
  std::vector<int> retry_on_exit{75};  // EX_TEMPFAIL of sysexits.h
  std::string description;
  Position position;
};

enum class ScheduleCommand { Run, Maintain };

/// What becomes of the times at which nothing served.
enum class CatchUp { None, Last, All };

/// What becomes of a tick that is due while the schedule's last one still runs.
enum class WhileRunning { Queue, Skip };

/// When a schedule is due, and what it does then. Exactly one of `cron`, `every` and `after` is given.
struct ScheduleConfig {
  std::string name;
  ScheduleCommand command = ScheduleCommand::Run;
  std::vector<LocatedText> select, exclude;
  std::optional<LocatedText> cron;            // five fields, or `@hourly` and its like
  std::optional<std::chrono::seconds> every;  // counted from 1970-01-01 in UTC
  std::vector<LocatedText> after;             // tables: due when each of them was published again
  LocatedText timezone;                       // IANA's name; "": UTC
  CatchUp catch_up = CatchUp::Last;
  WhileRunning while_running = WhileRunning::Queue;
  bool paused = false;
  /// When the run before it failed: it holds until a person restarts that.
  bool wait_for_manual = false;
  std::optional<std::chrono::seconds> late_after;  // a tick that isn't done so long after it was due is late
  std::optional<std::chrono::seconds> timeout;     // of the whole run
  Position position;
};

enum class AlertEvent { Failed, AuditFailed, Late, Recovered, Missed };

/// The body of a webhook's message.
enum class WebhookShape { Plain, Slack };

/// Who is told of what, and how: by `smtp` or by `webhook`.
struct AlertConfig {
  std::string name;
  std::vector<AlertEvent> on;
  std::optional<LocatedText> smtp;  // smtp:// or smtps://user:password@host:port; may hold secrets
  std::string from;
  std::vector<LocatedText> to;
  std::optional<LocatedText> webhook;  // http:// or https://; may hold secrets
  WebhookShape shape = WebhookShape::Plain;
  std::vector<LocatedText> select;                      // names of schedules; none: every run
  std::chrono::seconds group{30};                       // what happens within it goes into one message
  std::chrono::seconds repeat{std::chrono::hours{24}};  // what was told isn't told again before
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
  std::chrono::seconds lease{15};  // with a shared state: so long after its last word a run counts as alive
};

struct RetentionConfig {
  std::chrono::seconds publications{std::chrono::hours{24 * 7}};  // time travel reaches this far back
  int keep_publications = 10;                                     // and never fewer than these
  std::chrono::seconds failed_branches{std::chrono::hours{24 * 3}};
  std::chrono::seconds unfinished{std::chrono::hours{24}};    // files of other engines' tables that nothing names
  std::chrono::seconds readers{std::chrono::hours{24}};       // what an outside reader of `at-N` asked for
  std::chrono::seconds landing{std::chrono::hours{24 * 30}};  // responses of APIs, once their rows are published
};

/// How the lake is tended: `maintain` by itself or on a schedule.
struct MaintainConfig {
  std::uint64_t target_bytes = 128u << 20;  // of a data file, once compacted
  double delete_ratio = 0.05;               // of deleted rows, from which on a table is written anew
  std::uint64_t budget_bytes = 0;           // read and written at most in one go; 0: no limit
};

/// One address for outsiders: `lochan serve`.
struct ServeConfig {
  std::string address = "127.0.0.1";
  int port = 7420;
  std::optional<LocatedText> token;  // what clients must bear; none: only this machine is served
  int runs = 4;                      // of schedules that go on at once; more wait for their turn
};

struct Project {
  std::string name;
  std::filesystem::path folder;  // absolute
  LakePlace lake;
  StateConfig state;
  std::map<std::string, LayerConfig> layers;  // those written; any other layer has the defaults
  std::map<std::string, Connection> connections;
  std::map<std::string, SourceConfig> sources;
  std::map<std::string, SinkConfig> sinks;
  std::map<std::string, CommandConfig> commands;
  std::vector<ScheduleConfig> schedules;  // in the file's order
  std::vector<AlertConfig> alerts;
  std::map<TableName, Model> models;
  /// Made in a database, `in:` a connection; no table of the lake has such a name.
  std::map<TableName, Model> database_models;
  std::vector<ViewList> view_lists;  // their views are among these
  /// Checks on tables: copies of Model::checks and SourceTable::checks, and those of checks/*.sql.
  std::map<TableName, std::vector<CheckConfig>> checks;
  std::vector<Macro> macros;
  std::map<std::string, std::string> variables;  // `variables:`, named parameters in SQL
  EngineConfig engine;
  RunConfig run;
  RetentionConfig retention;
  MaintainConfig maintain;
  ServeConfig serve;
};

}  // namespace lochan
