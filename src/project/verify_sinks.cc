// Sinks: their connections can be written to, their tables exist, and the keys of a table go together.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "project/connection_url.h"
#include "project/files_config.h"
#include "project/range_partition.h"
#include "project/sink_files.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 3> kWritable = {"files", "mongodb", "postgres"};
constexpr std::size_t kLongestName = 63;  // of PostgreSQL, in bytes

void verify_connection(const Project& project, const SinkConfig& sink, Problems& problems) {
  const auto found = project.connections.find(*sink.to);
  if (found == project.connections.end()) {
    std::vector<std::string> names;
    for (const auto& [name, connection] : project.connections) names.push_back(name);
    problems.add(sink.to.position, fmt::format("no connection `{}` in lochan.yaml", *sink.to),
                 text::did_you_mean(*sink.to, names, fmt::format("add it there: `connections: {{ {}: … }}`", *sink.to)));
    return;
  }
  const std::string& kind = found->second.kind;
  if (!kind.empty() && std::ranges::find(kWritable, kind) == kWritable.end())
    problems.add(sink.to.position, fmt::format("`{}` is of kind `{}`, which no sink can write to", *sink.to, kind),
                 "name a connection such as `postgresql://user@host/database`, `mongodb://user@host/database`, `files:folder` or "
                 "`s3://bucket/prefix`");
  if (kind == "files" && files_place(found->second) == FilesPlace::Web)
    problems.add(sink.to.position, fmt::format("`{}` is a web server, which no sink can write to", *sink.to),
                 "name a folder, `files:folder`, or a bucket, `s3://bucket/prefix`");
}

std::string_view word(SinkWrite write) {
  switch (write) {
    case SinkWrite::Replace:
      return "replace";
    case SinkWrite::Append:
      return "append";
    case SinkWrite::Upsert:
      return "upsert";
    case SinkWrite::Scd2:
      return "scd2";
  }
  return "replace";
}

void verify_name(const SinkTable& table, Problems& problems) {
  const std::vector<std::string> parts = text::split(table.to, '.');
  const bool has_parts = parts.size() <= 2 && std::ranges::none_of(parts, &std::string::empty);
  if (!has_parts)
    return problems.add(table.position, fmt::format("`to` of `{}` is `{}`", to_string(table.table), table.to),
                        "wanted `name` or `schema.name`");
  for (const std::string& part : parts) {
    if (part.size() > kLongestName)
      problems.add(table.position, fmt::format("`{}` is longer than a name may be there: {} bytes", part, kLongestName),
                   "give it a shorter one: `to: name`");
    if (part == "lochan_mark")
      problems.add(table.position, "`lochan_mark` is the platform's own table there", "give it another name: `to: name`");
  }
}

void verify_folder(const std::string& folder, const Position& position, Problems& problems) {
  const std::vector<std::string> parts = text::split(folder, '/');
  const bool is_plain = std::ranges::none_of(parts, [](const std::string& part) { return part.empty() || part.starts_with('.') || part.starts_with('_'); });
  if (!is_plain)
    problems.add(position, fmt::format("`{}` can't be a folder of files there", folder),
                 "write it as `sale` or `exports/sale`; names that begin with `.` or `_` are hidden from readers");
}

/// A key that says nothing there.
void refuse(bool is_given, std::string_view key, std::string_view kind, const SinkTable& table, Problems& problems) {
  if (is_given)
    problems.add(table.position, fmt::format("`{}` of `{}` is nothing that a sink to {} has", key, to_string(table.table), kind),
                 fmt::format("remove `{}`", key));
}

void refuse_file_keys(const SinkTable& table, std::string_view kind, Problems& problems) {
  if (!table.files) return;
  for (const auto& [key, position] : table.files->written)
    if (key != "partition_by" || kind != "PostgreSQL")
      problems.add(position, fmt::format("`{}` of `{}` is for files, and the sink goes to {}", key, to_string(table.table), kind),
                   fmt::format("remove `{}`", key));
}

void refuse_database_keys(const SinkTable& table, std::string_view kind, Problems& problems) {
  refuse(!table.comment.empty(), "comment", kind, table, problems);
  refuse(!table.comments.empty(), "comments", kind, table, problems);
  refuse(!table.grants.empty(), "grants", kind, table, problems);
}

// PostgreSQL tells rows apart within a partition only, so the key must have its column.
void verify_ranges(const SinkTable& table, Problems& problems) {
  if (!table.files || table.files->partition_by.empty()) return;
  const std::vector<LocatedText>& parts = table.files->partition_by;
  const auto by = parse_range_partition(*parts[0]);
  if (parts.size() > 1 || !by)
    return problems.add(parts[0].position, fmt::format("`partition_by` of `{}` is no range of time", to_string(table.table)),
                        "in PostgreSQL it is one of `year(c)`, `month(c)` and `day(c)`");
  if (std::ranges::none_of(table.key, [&](const LocatedText& column) { return *column == by->column; }))
    problems.add(parts[0].position, fmt::format("`{}` is partitioned by `{}`, which isn't in its `key`", to_string(table.table), by->column),
                 fmt::format("PostgreSQL's primary keys have the partition's column: `key: [{}, …]`", by->column));
}

// Columns of a table that another made.
void verify_added(const SinkTable& table, Problems& problems) {
  if (table.write != SinkWrite::Upsert)
    problems.add(table.position, fmt::format("`fields: add` of `{}` goes with `write: upsert`", to_string(table.table)),
                 "write `upsert` with the `key` that names a row there");
  const auto refuse_declared = [&](bool is_given, std::string_view key) {
    if (is_given)
      problems.add(table.position, fmt::format("`{}` adds to a table of another, whose the {} are", to_string(table.table), key),
                   fmt::format("remove `{}`", key));
  };
  refuse_declared(!table.indexes.empty(), "indexes");
  refuse_declared(!table.comment.empty(), "comment");
  refuse_declared(!table.comments.empty(), "comments");
  refuse_declared(!table.grants.empty(), "grants");
  refuse_declared(table.files && !table.files->partition_by.empty(), "partitions");
}

void verify_postgres(const SinkTable& table, Problems& problems) {
  verify_name(table, problems);
  if (table.fields == SinkFields::Own)
    problems.add(table.position, fmt::format("`fields: own` of `{}` is for MongoDB", to_string(table.table)),
                 "columns that others add to the table stay as they are: remove `fields`");
  if (table.fields == SinkFields::Add) verify_added(table, problems);
  refuse_file_keys(table, "PostgreSQL", problems);
  verify_ranges(table, problems);
}

// What stands between the host and the question mark.
bool has_database(const std::string& url) {
  const auto start = url.find("://");
  if (start == std::string::npos) return false;
  const std::string rest = url.substr(start + 3, url.find('?', start) - start - 3);
  const auto slash = rest.find('/');
  return slash != std::string::npos && slash + 1 < rest.size();
}

void verify_mongodb(const SinkConfig& sink, const SinkTable& table, const std::string& url, Problems& problems) {
  verify_name(table, problems);
  if (sink.schema.empty() && !has_database(url) && table.to.find('.') == std::string::npos)
    problems.add(table.position, fmt::format("no database is named for `{}`", to_string(table.table)),
                 "add `schema:` to the sink, or the database to the URL: `mongodb://host/database`");
  if (table.write == SinkWrite::Append)
    problems.add(table.position, fmt::format("`write: append` of `{}` can't be repeated in MongoDB without doubling documents", to_string(table.table)),
                 "write `upsert` with a `key`: of rows that only come it writes the new ones alone");
  if (table.fields != SinkFields::Whole && table.write == SinkWrite::Replace)
    problems.add(table.position, fmt::format("`fields` of `{}` goes with `write: upsert`", to_string(table.table)),
                 "write `upsert`, or remove `fields`");
  if (table.fields == SinkFields::Add && !table.indexes.empty())
    problems.add(table.position, fmt::format("`{}` adds to documents of another, whose the indexes are", to_string(table.table)),
                 "declare `indexes` where the documents are made, or remove them");
  refuse_database_keys(table, "MongoDB", problems);
  refuse_file_keys(table, "MongoDB", problems);
}

void verify_file_options(const SinkTable& table, const SinkFiles& files, Problems& problems) {
  for (const auto& [key, position] : files.written) {
    const bool is_of_csv = key == "delimiter" || key == "quote" || key == "header" || key == "nulls";
    if (is_of_csv && files.format != SinkFormat::Csv)
      problems.add(position, fmt::format("`{}` of `{}` is for CSV", key, to_string(table.table)),
                   fmt::format("write `format: csv`, or remove `{}`", key));
    if (key == "compression" && files.compression == SinkCompression::Snappy && files.format != SinkFormat::Parquet)
      problems.add(position, fmt::format("`compression: snappy` of `{}` is for Parquet", to_string(table.table)), "write `gzip` or `zstd`");
    if ((key == "delimiter" && files.delimiter.size() != 1) || (key == "quote" && files.quote.size() > 1))
      problems.add(position, fmt::format("`{}` of `{}` is no single letter", key, to_string(table.table)), "such as `,` or `;`");
  }
  std::set<std::string> seen;
  for (const LocatedText& column : files.partition_by)
    if (!seen.insert(*column).second)
      problems.add(column.position, fmt::format("`{}` is in `partition_by` twice", *column), "keep one of them");
}

void verify_files_table(const SinkTable& table, Problems& problems) {
  verify_folder(table.to, table.position, problems);
  if (table.write == SinkWrite::Upsert || table.write == SinkWrite::Scd2)
    problems.add(table.position, fmt::format("`write: {}` of `{}`: rows of a file can't be changed", word(table.write), to_string(table.table)),
                 "write `replace`: with `partition_by` only the folders that differ are written anew");
  refuse(!table.key.empty() && table.write != SinkWrite::Upsert && table.write != SinkWrite::Scd2, "key", "files", table, problems);
  refuse(!table.indexes.empty(), "indexes", "files", table, problems);
  refuse(table.fields != SinkFields::Whole, "fields", "files", table, problems);
  refuse_database_keys(table, "files", problems);
  if (table.files) verify_file_options(table, *table.files, problems);
}

void verify_kind(const Project& project, const SinkConfig& sink, const SinkTable& table, Problems& problems) {
  const auto found = project.connections.find(*sink.to);
  const std::string kind = found == project.connections.end() ? "" : found->second.kind;
  if (kind == "files") return verify_files_table(table, problems);
  if (kind == "mongodb") return verify_mongodb(sink, table, found->second.url, problems);
  if (kind == "postgres") return verify_postgres(table, problems);
  if (kind.empty()) verify_name(table, problems);  // of which the connection is a problem already
}

void verify_table(const Project& project, const SinkConfig& sink, const SinkTable& table, Problems& problems) {
  verify_kind(project, sink, table, problems);
  if (!is_known_table(project, {table.table, table.position}, problems)) return;
  if (table.key.empty() && (table.write == SinkWrite::Upsert || table.write == SinkWrite::Scd2))
    problems.add(table.position,
                 fmt::format("`write: {}` of `{}` needs a `key`", word(table.write), to_string(table.table)),
                 "name the column or columns that name a row, such as `key: id`");
  std::set<std::string> seen;
  for (const LocatedText& key : table.key)
    if (!seen.insert(*key).second)
      problems.add(key.position, fmt::format("`{}` is in the key twice", *key), "keep one of them");
}

void verify_columns(const SinkTable& table, const Model& model, Problems& problems) {
  if (table.write == SinkWrite::Scd2 && model.materialized != Materialization::Scd2)
    problems.add(table.position,
                 fmt::format("`write: scd2` is for models of kind `scd2`, and `{}` is of kind `{}`",
                             to_string(table.table), to_string(model.materialized)),
                 "write `upsert` or `replace`");
}

}  // namespace

void verify_sinks(const Project& project, Problems& problems) {
  std::map<std::string, Position> targets;
  for (const auto& [name, sink] : project.sinks) {
    verify_connection(project, sink, problems);
    for (const SinkTable& table : sink.tables) {
      verify_table(project, sink, table, problems);
      if (const auto model = project.models.find(table.table); model != project.models.end())
        verify_columns(table, model->second, problems);
      else if (table.write == SinkWrite::Scd2 && is_known_table(project, {table.table, table.position}, problems))
        problems.add(table.position, fmt::format("`write: scd2` is for models of kind `scd2`, and `{}` is a raw table",
                                                 to_string(table.table)), "write `append` or `replace`");
      std::string full = table.to.find('.') == std::string::npos ? sink.schema + "." + table.to : table.to;
      if (table.fields == SinkFields::Add) full += " + " + name;  // beside the one that makes the documents
      const auto [first, is_new] = targets.try_emplace(*sink.to + "/" + full, table.position);
      if (!is_new)
        problems.add(table.position, fmt::format("two tables go to `{}` of `{}`", table.to, *sink.to),
                     fmt::format("the other one is {}; give one another name: `to: name`", to_string(first->second)));
    }
  }
}

}  // namespace lochan
