#include "run/sink_marks.h"

#include <array>

#include "base/hash.h"
#include "base/json.h"
#include "project/sink_files.h"

namespace lochan {
namespace {

constexpr std::array kMigrations = {Migration{"sink", 1, R"(
create table sink_mark(
  sink text not null, layer text not null, name text not null, target text not null, setting text not null,
  data_version text not null, publication bigint not null, at bigint not null, primary key (sink, layer, name))
)"}};

Json texts(const std::vector<LocatedText>& located) {
  Json json = Json::array();
  for (const LocatedText& text : located) json.push_back(*text);
  return json;
}

Json files_setting(const SinkTable& table) {
  if (!table.files) return nullptr;
  const SinkFiles& files = *table.files;
  return {static_cast<int>(files.format), texts(files.partition_by), files.compression ? static_cast<int>(*files.compression) : -1,
          files.max_rows, files.delimiter, files.quote, files.header, files.null_text};
}

}  // namespace

std::string target_digest(const Connection& connection, const SinkConfig& sink, const SinkTable& table) {
  return sha256(Json{connection.location, sink.schema, table.to}.dump());
}

std::string setting_digest(const SinkTable& table) {
  Json indexes = Json::array();
  for (const SinkIndex& index : table.indexes) indexes.push_back({texts(index.columns), index.unique});
  return sha256(Json{static_cast<int>(table.write), texts(table.key), indexes, table.comment, table.comments,
                     texts(table.grants), static_cast<int>(table.fields), files_setting(table)}
                    .dump());
}

std::span<const Migration> SinkMarks::migrations() { return kMigrations; }

std::optional<SinkMark> SinkMarks::find(const std::string& sink, const TableName& table) const {
  const auto rows = state_.query(
      "select target, setting, data_version, publication from sink_mark where sink = $1 and layer = $2 and name = $3",
      {sink, table.layer, table.name});
  if (rows.empty()) return std::nullopt;
  return SinkMark{rows[0].text(0), rows[0].text(1), rows[0].text(2), rows[0].integer(3)};
}

void SinkMarks::save(const std::string& sink, const TableName& table, const SinkMark& mark, Instant at) {
  state_.execute(
      "insert into sink_mark(sink, layer, name, target, setting, data_version, publication, at) values ($1, $2, $3, $4, $5, "
      "$6, $7, $8) on conflict(sink, layer, name) do update set target = $4, setting = $5, data_version = $6, publication "
      "= $7, at = $8",
      {sink, table.layer, table.name, mark.target, mark.setting, mark.data_version, mark.publication, to_micros(at)});
}

std::set<std::int64_t> SinkMarks::publications(const Project& project, Instant oldest) const {
  std::set<std::int64_t> result;
  for (const DbRow& row : state_.query("select sink, layer, name, publication from sink_mark where at >= $1",
                                       {to_micros(oldest)})) {
    const auto sink = project.sinks.find(row.text(0));
    if (sink == project.sinks.end()) continue;
    for (const SinkTable& table : sink->second.tables)
      if (table.table == TableName{row.text(1), row.text(2)}) result.insert(row.integer(3));
  }
  return result;
}

}  // namespace lochan
