// The keys of connections to files, and of tables that are read from them.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json.h"
#include "base/text.h"
#include "project/column_type.h"
#include "project/file_keys.h"
#include "project/files_config.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

FilesSettings& settings(Connection& connection, std::string_view key, const Position& position) {
  if (!connection.files) connection.files = std::make_shared<FilesSettings>();
  connection.files->written.emplace_back(key, position);
  return *connection.files;
}

/// A key of connections to a bucket; that it was written is remembered.
template <typename Of, typename M>
void add_bucket_key(Keys<Connection>& keys, std::string_view name, Of& (*of)(FilesSettings&), M Of::*member, std::string_view help) {
  const Key key{.name = name, .type = Member<M>::type(), .help = help};
  keys.add(key, [key, of, member](ValueReader& reader, const YamlValue& value, Connection& connection) {
    Member<M>::read(reader, value, key, of(settings(connection, key.name, value.position)).*member);
  });
}

S3Access& access(FilesSettings& files) { return files.bucket.s3; }
AwsKeys& keys_of(FilesSettings& files) { return files.bucket.s3.keys; }

/// A key that goes to SourceTable::options under its name.
void add_option(Keys<SourceTable>& keys, std::string_view name, ValueType type, std::string_view help,
                std::string default_text = "") {
  Key key{.name = name, .type = std::move(type), .default_text = std::move(default_text), .help = help};
  keys.add(key, [key](ValueReader& reader, const YamlValue& value, SourceTable& table) {
    if (auto text = reader.read_scalar(value, key.name, key.type))
      table.options[std::string(key.name)] = std::move(*text);
  });
}

/// What DuckDB would take for a type, by its first word: the others stand in parentheses, or are names of fields.
bool verify_type(const YamlEntry& column, const std::string& type, Problems& problems) {
  const auto end = std::ranges::find_if(
      type, [](char letter) { return letter != '_' && std::isalnum(static_cast<unsigned char>(letter)) == 0; });
  const std::string name(type.begin(), end);
  if (std::ranges::count(type, '(') != std::ranges::count(type, ')')) {
    problems.add(column.value.position,
                 fmt::format("`{}` has the type `{}`, whose parentheses don't close", column.key, type),
                 "within braces a type with a comma is put in quotes: `price: \"DECIMAL(10,2)\"`");
    return false;
  }
  if (own_type_name(name).empty())
    problems.add(column.value.position, fmt::format("`{}` has the type `{}`, which there isn't", column.key, type),
                 text::did_you_mean(
                     name, type_names(),
                     "such as BIGINT, DOUBLE, \"DECIMAL(10,2)\", VARCHAR, DATE, TIMESTAMP or \"STRUCT(a INTEGER)\""));
  return true;
}

void read_columns(ValueReader& reader, const YamlValue& value, SourceTable& table) {
  const ValueType type{.shape = Shape::Text, .count = Count::Named};
  if (value.kind != YamlValue::Kind::Mapping) return reader.add_wrong_type(value, "columns", type);
  // Names of columns are the file's, so any text goes.
  nlohmann::ordered_json columns = nlohmann::ordered_json::object();
  for (const YamlEntry& entry : value.entries)
    if (auto text = reader.read_scalar(entry.value, entry.key, {})) {
      // What comes after an open parenthesis is a piece of the type.
      if (!verify_type(entry, *text, reader.problems())) return;
      columns[entry.key] = std::move(*text);
    }
  table.options["columns"] = columns.dump();
}

void read_nulls(ValueReader& reader, const YamlValue& value, SourceTable& table) {
  nlohmann::ordered_json nulls = nlohmann::ordered_json::array();
  for (const LocatedText& text : reader.read_list(value, "nulls", {.shape = Shape::Literal, .count = Count::OneOrList})) nulls.push_back(*text);
  table.options["nulls"] = nulls.dump();
}

void read_encoding(ValueReader& reader, const YamlValue& value, SourceTable& table) {
  auto text = reader.read_scalar(value, "encoding", {});
  if (!text) return;
  if (!is_encoding(*text))
    return reader.problems().add(value.position, fmt::format("there is no encoding `{}`", *text),
                                 "such as `latin-1`, `windows-1251`, `utf-16` or `shift_jis`: `iconv --list` names them");
  table.options["encoding"] = std::move(*text);
}

void add_csv_options(Keys<SourceTable>& keys) {
  add_option(keys, "delimiter", {}, "CSV: what stands between two values; by default found out");
  add_option(keys, "quote", {}, "CSV: what stands around a value that holds the delimiter", "\"");
  add_option(keys, "escape", {}, "CSV: what stands before a quote within quotes, such as `\\`; by default the quote itself");
  add_option(keys, "header", {.shape = Shape::Flag},
             "CSV and Excel: whether the first line names the columns; by default found out");
  add_option(keys, "skip", {.shape = Shape::Integer, .least = 0}, "CSV: lines before the header that are no records", "0");
  keys.add({.name = "encoding", .default_text = "utf-8", .help = "CSV and JSON: how letters are written, such as `latin-1` or `windows-1251`; a byte "
                                                                 "order mark of UTF-16 is heeded"},
           read_encoding);
  keys.add({.name = "nulls",
            .type = {.shape = Shape::Literal, .count = Count::OneOrList},
            .help = "CSV and Excel: texts that mean that there is no value, such as `[\"\", NA]`; by default an empty one"},
           read_nulls);
  add_option(keys, "decimal", {.shape = Shape::Choice, .choices = {".", ","}}, "CSV: what stands before the fraction of a number", ".");
  add_option(keys, "date_format", {}, "CSV: how dates are written, such as `%d.%m.%Y`; by default as ISO 8601 has it");
  add_option(keys, "timestamp_format", {}, "CSV: how times are written, such as `%d/%m/%Y %H:%M`; by default as ISO 8601 has it");
}

}  // namespace

void add_file_options(Keys<SourceTable>& keys) {
  add_option(keys, "format", {.shape = Shape::Choice, .choices = {"csv", "json", "xml", "parquet", "excel", "bytes"}},
             "of files; by default as their names end; `bytes`: any file, of which the table has a row");
  add_option(keys, "compression", {.shape = Shape::Choice, .choices = {"none", "gzip", "zstd"}},
             "of files; by default as their names end");
  add_csv_options(keys);
  add_option(keys, "records", {}, "JSON: where the records stand in a file, such as `data.items`; XML: the element that is a record, such as `order` or "
                                  "`shop/orders/order`");
  add_option(keys, "sheet", {}, "Excel: the sheet; by default the first one");
  add_option(keys, "range", {}, "Excel: the cells, such as `A3:F1000`; by default all from the first one on");
  add_option(keys, "inline", {.shape = Shape::Size}, "bytes: files of this size and smaller are in the table too, in the column `content`");
  add_option(keys, "settle", {.shape = Shape::Duration}, "a file is read once nothing has changed it for so long", "0s");
  add_option(keys, "marker", {}, "a file is read once this one is there too: an ending after its own name, such as `.done`, or a name in its folder, "
                                 "such as `_SUCCESS`");
  keys.add({.name = "columns",
            .type = {.shape = Shape::Text, .count = Count::Named},
            .help = "of files and APIs: names and types of their columns, such as `price: DECIMAL(10,2)`; by default found out. Of PostgreSQL and MySQL: "
                    "columns that come as the server's text, such as `valid_to: VARCHAR`"},
           read_columns);
}

void add_files_settings(Keys<Connection>& keys) {
  keys.add({.name = "endpoint", .help = "s3: the server's URL where it isn't AWS; by default `AWS_ENDPOINT_URL` of the environment, else AWS"},
           [](ValueReader& reader, const YamlValue& value, Connection& connection) {
             read_s3_endpoint(reader, value, settings(connection, "endpoint", value.position).bucket);
           });
  add_bucket_key(keys, "region", access, &S3Access::region, "s3: by default `AWS_REGION` of the environment, else `us-east-1`");
  add_bucket_key(keys, "path_style", access, &S3Access::path_style, "s3: the bucket stands in the path; by default where there is an endpoint");
  add_bucket_key(keys, "access_key_id", keys_of, &AwsKeys::access_key_id, "s3: by default `AWS_ACCESS_KEY_ID` of the environment");
  add_bucket_key(keys, "secret_access_key", keys_of, &AwsKeys::secret_access_key,
                 "s3: by default `AWS_SECRET_ACCESS_KEY` of the environment; write it as a variable");
  add_bucket_key(keys, "session_token", keys_of, &AwsKeys::session_token, "s3: of keys that expire");
  add_bucket_key(keys, "profile", access, &S3Access::profile, "s3: the part of AWS's shared credentials file that has the keys");
  keys.add({.name = "names",
            .type = {.shape = Shape::Text, .count = Count::OneOrList},
            .help = "files on a web server: the names they have after the URL, where no page lists them"},
           [](ValueReader& reader, const YamlValue& value, Connection& connection) {
             if (!connection.files) connection.files = std::make_shared<FilesSettings>();
             connection.files->names = reader.read_list(value, "names", {.shape = Shape::Text, .count = Count::OneOrList});
           });
}

}  // namespace lochan
