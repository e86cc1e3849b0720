// The keys of lochan.yaml.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "project/connection_url.h"
#include "project/file_keys.h"
#include "project/http_keys.h"
#include "project/system_layer.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

constexpr std::string_view kStateSchema = "lochan";  // unless the URL names another

// `?schema=shop`, which libpq doesn't know: what the URL is without it, and the schema.
std::pair<std::string, std::string> split_schema(const std::string& url) {
  const auto question = url.find('?');
  if (question == std::string::npos) return {url, std::string(kStateSchema)};
  std::string rest = url.substr(0, question), schema(kStateSchema);
  char separator = '?';
  for (const std::string& parameter : text::split(url.substr(question + 1), '&')) {
    if (parameter.starts_with("schema=")) {
      schema = parameter.substr(7);
    } else {
      rest += separator + parameter;
      separator = '&';
    }
  }
  return {rest, schema};
}

bool is_plain_schema(std::string_view name) {
  constexpr std::size_t kLongest = 63;  // of PostgreSQL's names
  const bool has_plain_letters = std::ranges::all_of(
      name, [](char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_'; });
  return !name.empty() && name.size() <= kLongest && has_plain_letters && !(name[0] >= '0' && name[0] <= '9') &&
         !name.starts_with("pg_");
}

void read_state(ValueReader& reader, const YamlValue& value, Project& project) {
  const auto text = reader.read_scalar(value, "state", {});
  if (!text) return;
  const auto [scheme, location] = split_url(*text);
  if (scheme == "sqlite" && !location.empty()) {
    project.state = {.file = absolute_path(reader.folder(), location), .url = {}, .schema = {}};
  } else if ((scheme == "postgresql" || scheme == "postgres") && location.starts_with("//")) {
    auto [url, schema] = split_schema(*text);
    if (!is_plain_schema(schema))
      reader.problems().add(value.position, fmt::format("`schema={}` can't be the name of the state's schema", schema),
                            "use small letters, digits and `_`, such as `?schema=fruit_shop`");
    project.state = {.file = {}, .url = std::move(url), .schema = std::move(schema)};
  } else {
    reader.problems().add(value.position,
                          fmt::format("`state` is {}, wanted `sqlite:` and a file's path, or a PostgreSQL database",
                                      describe_found(value)),
                          "such as `sqlite:.lochan/state.db` or `postgresql://user@host/database?schema=shop`");
  }
}

void read_layers(ValueReader& reader, const YamlValue& value, Project& project) {
  reader.read_named(value, "layers", {.shape = Shape::Mapping, .count = Count::Named}, [&](const YamlEntry& entry) {
    LayerConfig layer{.name = entry.key, .position = entry.position};
    layer_keys().read(reader, entry.value, layer);
    if (text::lower(entry.key) == kSystemLayer)
      reader.problems().add(entry.position, fmt::format("the layer `{}` is the platform's own", entry.key),
                            "its tables are system.runs, system.steps and so on: take another name");
    project.layers.emplace(entry.key, std::move(layer));
  });
}

void read_connections(ValueReader& reader, const YamlValue& value, Project& project) {
  const ValueType type{.shape = Shape::Text, .count = Count::Named};
  reader.read_named(value, "connections", type, [&](const YamlEntry& entry) {
    Connection connection;
    connection.name = entry.key;
    connection.position = entry.position;
    if (entry.value.kind == YamlValue::Kind::Mapping) {
      connection_keys().read(reader, entry.value, connection);
    } else if (auto url = reader.read_scalar(entry.value, entry.key, {})) {
      connection.url = std::move(*url);
      read_connection_url(connection, entry.value, reader);
    }
    // One whose URL is broken stays known until sources are verified, or each that reads it would be a problem too.
    project.connections.emplace(entry.key, std::move(connection));
  });
}

void read_variables(ValueReader& reader, const YamlValue& value, Project& project) {
  const ValueType type{.shape = Shape::Literal, .count = Count::Named};
  reader.read_named(value, "variables", type, [&](const YamlEntry& entry) {
    if (entry.key == "since" || entry.key == "until" || entry.key == "run_at")
      reader.problems().add(entry.position, fmt::format("variable `{}` is the platform's own", entry.key),
                            "give it another name");
    else if (auto text = reader.read_scalar(entry.value, entry.key, {.shape = Shape::Literal}))
      project.variables.emplace(entry.key, std::move(*text));
  });
}

void read_spill(ValueReader& reader, const YamlValue& value, EngineConfig& engine) {
  if (const auto text = reader.read_scalar(value, "spill", {}))
    engine.spill = absolute_path(reader.folder(), *text).string();
}

void read_archive(ValueReader& reader, const YamlValue& value, LayerConfig& layer) {
  layer.archive = read_lake_place(reader, value);
}

constexpr std::array<std::string_view, 7> kStorageClasses = {
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"};

Key archive_class_key() {
  Key key{.name = "archive_class", .help = "S3's storage class of what is archived, where the archive is a bucket"};
  key.type.shape = Shape::Choice;
  key.type.choices = {kStorageClasses.begin(), kStorageClasses.end()};
  return key;
}

// Empty is none: a variable may say so.
void read_archive_class(ValueReader& reader, const YamlValue& value, LayerConfig& layer) {
  const auto text = reader.read_scalar(value, "archive_class", {.shape = Shape::Literal});
  if (text && !text->empty()) reader.read_scalar(value, "archive_class", archive_class_key().type);
  layer.archive_class = text.value_or("");
}

/// A key that holds the mapping of another table.
template <typename Part>
void add_part(Keys<Project>& keys, std::string_view name, const Keys<Part>& part, Part Project::*member,
              std::string_view help) {
  keys.add({.name = name, .type = {.shape = Shape::Mapping, .keys = &part.table()}, .help = help},
           [&part, member](ValueReader& reader, const YamlValue& value, Project& project) {
             part.read(reader, value, project.*member);
           });
}

Keys<Project> make_project_keys() {
  Keys<Project> keys("project", "`lochan.yaml`", "The project: where its lake is, what it reads from, how it runs.");
  keys.add("name", &Project::name, "the project's name", {.shape = Shape::Word, .is_required = true});
  keys.add({.name = "lake",
            .type = {.shape = Shape::Text, .keys = &lake_keys().table()},
            .default_text = "./lake",
            .help = "where the lake's tables lie: a folder, or `s3://bucket/prefix`"},
           [](ValueReader& reader, const YamlValue& value, Project& project) {
             if (auto place = read_lake_place(reader, value)) project.lake = std::move(*place);
           });
  keys.add({.name = "state",
            .default_text = "sqlite:.lochan/state.db",
            .help = "where the catalog and the journal keep their rows: `sqlite:` and a file's path, or, for several hosts, "
                    "`postgresql://user@host/database`; `?schema=` names what of the database is this project's (`lochan`)"},
           read_state);
  keys.add({.name = "connections",
            .type = {.shape = Shape::Text, .count = Count::Named, .keys = &connection_keys().table()},
            .help = "outside systems by name, each a URL: `sqlite:path`, `files:folder`, `s3://bucket/prefix`, `postgresql://…`, `mysql://…`, `mongodb://…` or `https://…`"},
           read_connections);
  keys.add({.name = "layers",
            .type = {.shape = Shape::Mapping, .count = Count::Named, .keys = &layer_keys().table()},
            .help = "settings of layers; a layer that isn't named here has the defaults"},
           read_layers);
  keys.add({.name = "variables",
            .type = {.shape = Shape::Literal, .count = Count::Named},
            .help = "values for SQL, where `$name` stands for them"},
           read_variables);
  keys.add(view_lists_key(), read_view_lists);
  keys.add(schedules_key(), read_schedules);
  add_part(keys, "engine", engine_keys(), &Project::engine, "what SQL may use of the machine");
  add_part(keys, "run", run_keys(), &Project::run, "how a run is done");
  add_part(keys, "retention", retention_keys(), &Project::retention, "how long what is no longer current is kept");
  keys.add({.name = "alerts",
            .type = {.shape = Shape::Mapping, .count = Count::List, .keys = &alert_keys().table()},
            .help = "who is told of what: failures, failed audits, lateness, recovery"},
           read_alerts);
  add_part(keys, "serve", serve_keys(), &Project::serve, "where `lochan serve` listens, and what its clients must bear");
  add_part(keys, "maintain", maintain_keys(), &Project::maintain, "how the lake is tended");
  return keys;
}

}  // namespace

const Keys<Project>& project_keys() {
  static const Keys<Project> kKeys = make_project_keys();
  return kKeys;
}

const Keys<Connection>& connection_keys() {
  static const Keys<Connection> kKeys = [] {
    Keys<Connection> keys =
        Keys<Connection>("connection", "A connection, in `connections`", "An outside system. A URL alone is its `url`.")
          .add({.name = "url", .is_required = true, .help = "its kind and where it is"},
               [](ValueReader& reader, const YamlValue& value, Connection& connection) {
                 auto url = reader.read_scalar(value, "url", {});
                 if (!url) return;
                 connection.url = std::move(*url);
                 read_connection_url(connection, value, reader);
               })
          .add("pool", &Connection::pool,
               "how many steps may use it at once, of all runs together; 0: any number");
    add_http_settings(keys);
    add_files_settings(keys);
    return keys;
  }();
  return kKeys;
}

const Keys<LayerConfig>& layer_keys() {
  static const Keys<LayerConfig> kKeys =
      Keys<LayerConfig>("layer", "A layer, in `layers`", "Settings of all tables of one layer.")
          .add("immutable", &LayerConfig::immutable, "no object of the layer is ever overwritten or removed")
          .add({.name = "lake",
                .type = {.shape = Shape::Text, .keys = &lake_keys().table()},
                .help =
                    "a place of its own for the layer's tables; what isn't said here is as `lake` of the project says"},
               [](ValueReader& reader, const YamlValue& value, LayerConfig& layer) {
                 layer.lake = read_lake_place(reader, value);
               })
          .add("object_lock", &LayerConfig::object_lock,
               "how long the layer's bucket must keep each object from being removed: its default retention is checked")
          .add("archive_after", &LayerConfig::archive_after,
               "days (`dt`) that are so old leave their table for the archive")
          .add("delete_after", &LayerConfig::delete_after, "days that are so old are deleted, from the archive too")
          .add({.name = "archive",
                .type = {.shape = Shape::Text, .keys = &lake_keys().table()},
                .default_text = ".lochan/archive",
                .help = "where archived days lie: a folder, or a bucket; what isn't said here is as the layer's `lake` "
                        "says, or the project's"},
               read_archive)
          .add(archive_class_key(), read_archive_class);
  return kKeys;
}

const Keys<EngineConfig>& engine_keys() {
  static const Keys<EngineConfig> kKeys =
      Keys<EngineConfig>("engine", "`engine`",
                         "What SQL may use of the machine. Beyond the memory limit it spills to disk.")
          .add("memory_limit", &EngineConfig::memory_limit, "memory for SQL; by default half of what the machine has",
               {.shape = Shape::Size})
          .add("threads", &EngineConfig::threads, "threads for SQL; 0: as many as cores")
          .add({.name = "spill",
                .default_text = ".lochan/spill",
                .help = "the folder for what does not fit into memory"},
               read_spill);
  return kKeys;
}

const Keys<RunConfig>& run_keys() {
  static const Keys<RunConfig> kKeys =
      Keys<RunConfig>("run", "`run`", "How a run is done.")
          .add("workers", &RunConfig::workers, "steps at once; 0: as many as cores")
          .add("retries", &RunConfig::retries, "further attempts at a step, where what failed may be retried")
          .add("retry_delay", &RunConfig::retry_delay, "before the second attempt; doubled each time, up to five minutes")
          .add("timeout", &RunConfig::timeout, "of one attempt at one step")
          .add("publish", &RunConfig::publish,
               "`audited`: every table that is not held back; `all`: all tables or none")
          .add("wait_for_claim", &RunConfig::wait_for_claim,
               "how long a run waits for tables that another run is writing")
          .add("lease", &RunConfig::lease,
               "with the state in PostgreSQL: how long a run counts as alive after its host's last word; then others take over");
  return kKeys;
}

const Keys<RetentionConfig>& retention_keys() {
  static const Keys<RetentionConfig> kKeys =
      Keys<RetentionConfig>("retention", "`retention`", "How long what is no longer current is kept.")
          .add("publications", &RetentionConfig::publications, "how far back time travel and rollback reach")
          .add("keep_publications", &RetentionConfig::keep_publications, "and never fewer publications than these",
               {.least = 1})
          .add("failed_branches", &RetentionConfig::failed_branches,
               "how long the branch of a failed run is kept for looking at")
          .add("unfinished", &RetentionConfig::unfinished,
               "how long files of tables that other engines write stay, though nothing names them: of a write that is going on")
          .add("readers", &RetentionConfig::readers,
               "how long a publication stays that another engine reads as `at-N`, from the last time it asked for it")
          .add("landing", &RetentionConfig::landing,
               "how long responses of APIs are kept in `landing/` after they were received");
  return kKeys;
}

}  // namespace lochan
