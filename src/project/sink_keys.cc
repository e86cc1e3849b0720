// The keys of sinks/*.yaml.
#include <fmt/format.h>

#include "project/file_keys.h"
#include "project/sink_files.h"

namespace lochan {

template <>
struct EnumWords<SinkFormat> {
  static constexpr std::array<std::string_view, 3> kWords = {"parquet", "csv", "json"};
};
template <>
struct EnumWords<SinkCompression> {
  static constexpr std::array<std::string_view, 4> kWords = {"none", "gzip", "snappy", "zstd"};
};

namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

void read_indexes(ValueReader& reader, const YamlValue& value, SinkTable& table) {
  const ValueType type{.shape = Shape::Mapping, .count = Count::List, .keys = &sink_index_keys().table()};
  if (value.kind != YamlValue::Kind::List) return reader.add_wrong_type(value, "indexes", type);
  for (const YamlValue& item : value.items) {
    SinkIndex index;
    sink_index_keys().read(reader, item, index);
    if (!index.columns.empty()) table.indexes.push_back(std::move(index));
  }
}

// Names of columns are the table's, so any text goes.
void read_comments(ValueReader& reader, const YamlValue& value, SinkTable& table) {
  const ValueType type{.shape = Shape::Text, .count = Count::Named};
  if (value.kind != YamlValue::Kind::Mapping) return reader.add_wrong_type(value, "comments", type);
  for (const YamlEntry& entry : value.entries)
    if (auto text = reader.read_scalar(entry.value, entry.key, {})) table.comments[entry.key] = std::move(*text);
}

/// A key of SinkTable::files.
template <typename M>
void add_file_key(Keys<SinkTable>& keys, std::string_view name, M SinkFiles::*member, std::string_view help) {
  Key key{.name = name, .type = Member<M>::type(), .help = help};
  key.default_text = Member<M>::show(SinkFiles{}.*member);
  keys.add(key, [key, member](ValueReader& reader, const YamlValue& value, SinkTable& table) {
    auto files = table.files ? std::make_shared<SinkFiles>(*table.files) : std::make_shared<SinkFiles>();
    files->written.emplace_back(key.name, value.position);
    Member<M>::read(reader, value, key, files.get()->*member);
    table.files = std::move(files);
  });
}

void add_file_keys(Keys<SinkTable>& keys) {
  add_file_key(keys, "format", &SinkFiles::format, "files: what they are");
  add_file_key(keys, "partition_by", &SinkFiles::partition_by,
               "files: the column or columns whose values become folders, such as `dt=2026-11-21/`; PostgreSQL: `year`, `month` or `day` of a column of "
               "the key, such as `month(dt)`: a partitioned table");
  add_file_key(keys, "compression", &SinkFiles::compression,
               "files: `none`, `gzip`, `zstd`, of Parquet also `snappy`; by default `zstd` of Parquet, none of the others");
  add_file_key(keys, "max_rows", &SinkFiles::max_rows, "files: at most so many rows in a file; 0: any number");
  add_file_key(keys, "delimiter", &SinkFiles::delimiter, "CSV: what stands between two values");
  add_file_key(keys, "quote", &SinkFiles::quote, "CSV: what stands around a value that holds the delimiter");
  add_file_key(keys, "header", &SinkFiles::header, "CSV: whether the first line names the columns");
  add_file_key(keys, "nulls", &SinkFiles::null_text, "CSV: what stands for null; by default nothing");
}

Keys<SinkTable> make_sink_table_keys() {
  Keys<SinkTable> keys("sink_table", "A table, in `tables` of `sinks/*.yaml`",
                       "One table of the lake that a sink carries out. See docs/sinks.md.");
  keys.add("write", &SinkTable::write,
           "how what is new gets there: `replace`: all rows, swapped in at once; `append`: rows that are new; `upsert`: "
           "rows that differ, by `key`; `scd2`: the versions of the keys that moved");
  keys.add("key", &SinkTable::key,
           "upsert, scd2: the column or columns that name a row; of the others: the primary key there");
  keys.add("to", &SinkTable::to,
           "its name there, `name` or `schema.name`, of files the folder; by default the table's own, without the layer");
  keys.add({.name = "indexes",
            .type = {.shape = Shape::Mapping, .count = Count::List, .keys = &sink_index_keys().table()},
            .help = "indexes to make, beside the primary key"},
           read_indexes);
  keys.add("comment", &SinkTable::comment, "what the database says of the table");
  keys.add({.name = "comments",
            .type = {.shape = Shape::Text, .count = Count::Named},
            .help = "what the database says of columns, by their names"},
           read_comments);
  keys.add("grants", &SinkTable::grants, "the roles that may read it");
  keys.add("fields", &SinkTable::fields,
           "MongoDB, upsert and scd2: `whole`: a document is its row and nothing else; `own`: fields that others add to it stay; `add`: the "
           "documents are another's, to which the row's fields are added. PostgreSQL, upsert: `add`: the table is another's, whose columns of these "
           "names are set in the rows of the key");
  add_file_keys(keys);
  return keys;
}

void read_sink_tables(ValueReader& reader, const YamlValue& value, SinkConfig& sink) {
  const ValueType type{.shape = Shape::Mapping, .count = Count::Named, .keys = &sink_table_keys().table()};
  if (value.kind != YamlValue::Kind::Mapping) return reader.add_wrong_type(value, "tables", type);
  for (const YamlEntry& entry : value.entries) {
    const auto name = parse_table_name(entry.key);
    if (!name) {
      reader.problems().add(entry.position, fmt::format("`{}` in `tables` is no table's name", entry.key),
                            "write it as `layer.name`, such as `mart.sales_by_day`");
      continue;
    }
    SinkTable table;
    table.table = *name;
    table.to = name->name;
    table.position = entry.position;
    const std::size_t before = reader.problems().size();
    sink_table_keys().read(reader, entry.value, table);
    // Which keys go together can't be said of keys that could not be read.
    if (reader.problems().size() > before) table.write = SinkWrite::Replace;
    sink.tables.push_back(std::move(table));
  }
  if (value.entries.empty())
    reader.problems().add(value.position, "`tables` names no table",
                          "such as `tables: { mart.sales_by_day: { write: replace } }`");
}

Keys<SinkConfig> make_sink_keys() {
  Keys<SinkConfig> keys("sink", "`sinks/*.yaml`",
                        "A sink carries tables of the lake, as they were published, out to a connection.");
  keys.add("sink", &SinkConfig::name, "the sink's name", {.shape = Shape::Word, .is_required = true})
      .add("to", &SinkConfig::to, "the connection it writes to", {.shape = Shape::Word, .is_required = true})
      .add("schema", &SinkConfig::schema, "where its tables are there: a schema, MongoDB's database, or a folder; by default the connection's own");
  keys.add({.name = "tables",
            .type = {.shape = Shape::Mapping, .count = Count::Named, .keys = &sink_table_keys().table()},
            .is_required = true,
            .help = "the tables it carries, by their names in the lake"},
           read_sink_tables);
  keys.add("tags", &SinkConfig::tags, "words to select it by, as in `--select tag:nightly`", {.shape = Shape::Word});
  add_limit_keys(keys);
  return keys;
}

}  // namespace

const Keys<SinkConfig>& sink_keys() {
  static const Keys<SinkConfig> kKeys = make_sink_keys();
  return kKeys;
}

const Keys<SinkTable>& sink_table_keys() {
  static const Keys<SinkTable> kKeys = make_sink_table_keys();
  return kKeys;
}

const Keys<SinkIndex>& sink_index_keys() {
  static const Keys<SinkIndex> kKeys =
      Keys<SinkIndex>("sink_index", "An index, in `indexes`", "An index of a table at the target.")
          .add("columns", &SinkIndex::columns, "the column or columns, in order", {.is_required = true})
          .add("unique", &SinkIndex::unique, "whether no two rows may have the same values");
  return kKeys;
}

}  // namespace lochan
