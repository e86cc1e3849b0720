// The keys of sinks/*.yaml.
#include <fmt/format.h>

#include "project/file_keys.h"

namespace lochan {
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

Keys<SinkTable> make_sink_table_keys() {
  Keys<SinkTable> keys("sink_table", "A table, in `tables` of `sinks/*.yaml`",
                       "One table of the lake that a sink carries out. See docs/sinks.md.");
  keys.add("write", &SinkTable::write,
           "how what is new gets there: `replace`: all rows, swapped in at once; `append`: rows that are new; `upsert`: "
           "rows that differ, by `key`; `scd2`: the versions of the keys that moved");
  keys.add("key", &SinkTable::key,
           "upsert, scd2: the column or columns that name a row; of the others: the primary key there");
  keys.add("to", &SinkTable::to,
           "its name there, `name` or `schema.name`; by default the table's own, without the layer");
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
      .add("schema", &SinkConfig::schema, "where its tables are there; by default the connection's own schema");
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
