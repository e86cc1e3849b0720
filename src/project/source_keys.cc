// The keys of sources/*.yaml.
#include <fmt/format.h>

#include "project/file_keys.h"
#include "project/http_keys.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

Keys<SourceTable> make_source_table_keys() {
  Keys<SourceTable> keys("source_table", "A table, in `tables` of `sources/*.yaml`",
                         "One table that a source brings into `raw`.");
  keys.add("load", &SourceTable::load,
           "`full`: all rows each time; `incremental`: what is new by the cursor, or files that are new")
      .add("cursor", &SourceTable::cursor,
           "incremental, from databases and APIs: the column that only grows, such as `updated_at`")
      .add("key", &SourceTable::key, "the column or columns that name a row")
      .add("lookback", &SourceTable::lookback,
           "incremental, from databases and APIs: how far before the cursor is read again, for late rows")
      .add("deletes", &SourceTable::deletes,
           "incremental, from databases: `detect` reads the keys of all rows too, and marks those that are gone; `ignore` doesn't look")
      .add("from", &SourceTable::from,
           "what it is called at the source: a table, or the files that match a pattern such as `sale_*.csv`; by "
           "default the table's name")
      .add("max_rejected", &SourceTable::max_rejected,
           "how many rows its checks may put in quarantine in one load, with records of files that can't be read, before its "
           "step fails: `100`, or `5%` of those read; by default any number, but not all of a full load");
  keys.add(checks_key(), [](ValueReader& reader, const YamlValue& value, SourceTable& table) {
    table.checks = read_checks(reader, value);
  });
  keys.add(http_request_key(), read_http_request);
  add_file_options(keys);
  return keys;
}

void read_tables(ValueReader& reader, const YamlValue& value, SourceConfig& source) {
  const ValueType type{.shape = Shape::Mapping, .count = Count::Named};
  reader.read_named(value, "tables", type, [&](const YamlEntry& entry) {
    SourceTable table;
    table.name = table.from = entry.key;
    table.position = entry.position;
    const std::size_t before = reader.problems().size();
    source_table_keys().read(reader, entry.value, table);
    // Which keys go together can't be said of keys that could not be read.
    if (reader.problems().size() > before) {
      table.load = LoadMode::Full;
      table.cursor.reset();
      table.lookback = {};
    }
    source.tables.push_back(std::move(table));
  });
  if (value.kind == YamlValue::Kind::Null || (value.kind == YamlValue::Kind::Mapping && value.entries.empty()))
    reader.problems().add(value.position, "`tables` names no table", "such as `tables: { sale: { load: full } }`");
}

Keys<SourceConfig> make_source_keys() {
  Keys<SourceConfig> keys("source", "`sources/*.yaml`",
                          "A source brings tables from one or more connections into the layer `raw`. Rows of several "
                          "connections go into one table; `_source` says whose they are.");
  keys.add("source", &SourceConfig::name, "the source's name", {.shape = Shape::Word, .is_required = true})
      .add("from", &SourceConfig::from, "the connection or connections it reads",
           {.shape = Shape::Word, .is_required = true});
  keys.add({.name = "tables",
            .type = {.shape = Shape::Mapping, .count = Count::Named, .keys = &source_table_keys().table()},
            .is_required = true,
            .help = "the tables it brings, by their names in `raw`"},
           read_tables);
  keys.add("tags", &SourceConfig::tags, "words to select its tables by, as in `--select tag:nightly`",
           {.shape = Shape::Word});
  add_limit_keys(keys);
  return keys;
}

}  // namespace

const Keys<SourceConfig>& source_keys() {
  static const Keys<SourceConfig> kKeys = make_source_keys();
  return kKeys;
}

const Keys<SourceTable>& source_table_keys() {
  static const Keys<SourceTable> kKeys = make_source_table_keys();
  return kKeys;
}

}  // namespace lochan
