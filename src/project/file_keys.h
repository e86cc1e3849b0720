// The keys of each kind of file and mapping, bound to the structs of project.h.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "project/keys.h"
#include "project/project.h"

namespace lochan {

template <>
struct EnumWords<LoadMode> {
  static constexpr std::array<std::string_view, 2> kWords = {"full", "incremental"};
};
template <>
struct EnumWords<Severity> {
  static constexpr std::array<std::string_view, 2> kWords = {"error", "warn"};
};
template <>
struct EnumWords<Materialization> {
  static constexpr std::array<std::string_view, 6> kWords = {"table",       "view", "append",
                                                             "incremental", "scd2", "materialized_view"};
};
template <>
struct EnumWords<OnFail> {
  static constexpr std::array<std::string_view, 2> kWords = {"hold_back", "quarantine"};
};
template <>
struct EnumWords<SourceDeletes> {
  static constexpr std::array<std::string_view, 2> kWords = {"ignore", "detect"};
};
template <>
struct EnumWords<HistoryDeletes> {
  static constexpr std::array<std::string_view, 3> kWords = {"close", "ignore", "new_record"};
};
template <>
struct EnumWords<Interval> {
  static constexpr std::array<std::string_view, 5> kWords = {"hour", "day", "week", "month", "year"};
};
template <>
struct EnumWords<SinkWrite> {
  static constexpr std::array<std::string_view, 4> kWords = {"replace", "append", "upsert", "scd2"};
};
template <>
struct EnumWords<SinkFields> {
  static constexpr std::array<std::string_view, 3> kWords = {"whole", "own", "add"};
};
template <>
struct EnumWords<ScheduleCommand> {
  static constexpr std::array<std::string_view, 2> kWords = {"run", "maintain"};
};
template <>
struct EnumWords<CatchUp> {
  static constexpr std::array<std::string_view, 3> kWords = {"none", "last", "all"};
};
template <>
struct EnumWords<WhileRunning> {
  static constexpr std::array<std::string_view, 2> kWords = {"queue", "skip"};
};
template <>
struct EnumWords<CommandWhen> {
  static constexpr std::array<std::string_view, 3> kWords = {"changed", "always", "selected"};
};
template <>
struct EnumWords<Encryption> {
  static constexpr std::array<std::string_view, 3> kWords = {"bucket", "s3", "kms"};
};
template <>
struct EnumWords<PublishMode> {
  static constexpr std::array<std::string_view, 2> kWords = {"audited", "all"};
};

/// The front matter of a file in checks/.
struct CheckFile {
  LocatedText table;
  CheckConfig config;
};

const Keys<Project>& project_keys();
/// Where tables lie: a URL or a path, or a mapping with these keys.
const Keys<LakePlace>& lake_keys();
const Keys<AwsKeys>& vended_keys();
/// Nothing when it can't be read: a problem says why.
std::optional<LakePlace> read_lake_place(ValueReader& reader, const YamlValue& value);
/// A bucket's `endpoint`, in `lake` and of a connection.
void read_s3_endpoint(ValueReader& reader, const YamlValue& value, LakePlace& place);
const Keys<Connection>& connection_keys();
/// `endpoint`, `access_key_id` and the others that connections of kind files have.
void add_files_settings(Keys<Connection>& keys);
/// `format`, `delimiter` and the others of a table from files.
void add_file_options(Keys<SourceTable>& keys);
const Keys<LayerConfig>& layer_keys();
const Keys<EngineConfig>& engine_keys();
const Keys<RunConfig>& run_keys();
const Keys<RetentionConfig>& retention_keys();
const Keys<AlertConfig>& alert_keys();
/// The list of `alerts`.
void read_alerts(ValueReader& reader, const YamlValue& value, Project& project);
const Keys<ServeConfig>& serve_keys();
const Keys<MaintainConfig>& maintain_keys();

const Keys<SourceConfig>& source_keys();
const Keys<SourceTable>& source_table_keys();

const Keys<SinkConfig>& sink_keys();
const Keys<SinkTable>& sink_table_keys();
const Keys<SinkIndex>& sink_index_keys();

const Keys<CommandConfig>& command_keys();
const Keys<CommandOutput>& command_output_keys();

const Keys<Model>& model_keys();
const Keys<ModelInput>& model_input_keys();
/// The keys of models `in:` a database.
void add_database_keys(Keys<Model>& keys);
const Keys<ViewList>& view_list_keys();
/// The row for the key `materialized_views` of lochan.yaml, and its reader.
Key view_lists_key();
void read_view_lists(ValueReader& reader, const YamlValue& value, Project& project);
const Keys<CheckFile>& check_file_keys();

/// One entry of `checks:`. A `not_null` of several columns becomes a check for each.
const Keys<std::vector<CheckConfig>>& check_keys();
const Keys<CheckConfig>& not_null_keys();
const Keys<CheckConfig>& unique_keys();
const Keys<CheckConfig>& accepted_values_keys();
const Keys<CheckConfig>& range_keys();
const Keys<CheckConfig>& pattern_keys();
const Keys<CheckConfig>& freshness_keys();
const Keys<CheckConfig>& reconciliation_keys();
const Keys<CheckConfig>& relationships_keys();
const Keys<CheckConfig>& row_count_keys();
const Keys<CheckConfig>& expression_keys();

const Keys<ScheduleConfig>& schedule_keys();

/// The row for the key `schedules`, and its reader.
Key schedules_key();
void read_schedules(ValueReader& reader, const YamlValue& value, Project& project);

/// The row for a key `checks`, and its reader.
Key checks_key();
std::vector<CheckConfig> read_checks(ValueReader& reader, const YamlValue& value);

/// The keys `retries`, `retry_delay` and `timeout` of a mapping that is a step or several.
template <typename T>
void add_limit_keys(Keys<T>& keys) {
  const auto add = [&](std::string_view name, auto member, std::string_view help) {
    using M = std::remove_reference_t<decltype(StepLimits{}.*member)>;
    const Key key{.name = name, .type = Member<M>::type(), .help = help};
    keys.add(key, [key, member](ValueReader& reader, const YamlValue& value, T& into) {
      Member<M>::read(reader, value, key, into.limits.*member);
    });
  };
  add("retries", &StepLimits::retries, "further attempts, where what failed may be retried; by default as `run` says");
  add("retry_delay", &StepLimits::retry_delay,
      "before the second attempt; doubled each time, up to five minutes; by default as `run` says");
  add("timeout", &StepLimits::timeout, "of one attempt; by default as `run` says");
}

/// The row for a key `inputs`, and its reader.
Key model_inputs_key();
std::vector<ModelInput> read_model_inputs(ValueReader& reader, const YamlValue& value);

}  // namespace lochan
