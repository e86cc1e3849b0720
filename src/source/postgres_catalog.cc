#include "source/postgres_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/sql.h"

namespace lochan {
namespace {

constexpr std::string_view kRelation = R"(c.oid, n.nspname, c.relname, c.relkind, pg_table_is_visible(c.oid),
    has_schema_privilege(n.oid, 'usage') and (has_table_privilege(c.oid, 'select') or not exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and not has_column_privilege(c.oid, a.attnum, 'select'))),
    c.relrowsecurity, greatest(c.reltuples, 0), obj_description(c.oid, 'pg_class'))";

constexpr std::string_view kRelations = R"(
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f'))";

// Columns with what their domains are made of at last, as getBaseTypeAndTypmod of lsyscache.c finds it.
constexpr std::string_view kColumns = R"(
  with recursive made_of as (
    select a.attrelid, a.attnum, t.oid as type, a.atttypmod as modifier, t.typtype, t.typbasetype, t.typtypmod
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = any($1::oid[]) and a.attnum > 0 and not a.attisdropped
    union all
    select m.attrelid, m.attnum, t.oid, m.typtypmod, t.typtype, t.typbasetype, t.typtypmod
    from made_of m join pg_type t on t.oid = m.typbasetype where m.typtype = 'd')
  select m.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), m.type, m.modifier, a.attnotnull,
    coalesce(array_position(k.indkey::int2[], a.attnum), -1), col_description(a.attrelid, a.attnum)
  from made_of m join pg_attribute a using (attrelid, attnum)
    left join pg_index k on k.indrelid = m.attrelid and k.indisprimary
  where m.typtype <> 'd'
  order by m.attrelid, m.attnum)";

constexpr std::string_view kIndexes = R"(
  select i.indrelid, format('%s (%s)%s', c.relname,
    (select string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ' order by k) from generate_series(1, i.indnkeyatts) k),
    case when i.indisunique then ' unique' else '' end)
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = any($1::oid[]) and not i.indisprimary
  order by i.indrelid, c.relname)";

// For each of the wanted names the table that it leads to. All ways to write a table are listed, and joined by their
// text: each wanted name looking through all tables would take their product.
constexpr std::string_view kFound = R"(
  named as (
    select c.oid, spelling.text, spelling.is_full from pg_class c join pg_namespace n on n.oid = c.relnamespace,
      lateral (values (c.relname::text, false), (quote_ident(c.relname), false), ('"' || replace(c.relname, '"', '""') || '"', false),
        (n.nspname || '.' || c.relname, true), (quote_ident(n.nspname) || '.' || quote_ident(c.relname), true)) as spelling(text, is_full)
    where c.relkind in ('r', 'p', 'v', 'm', 'f')),
  found as (
    select distinct on (wanted.place) wanted.place, c.oid
    from unnest($1::text[]) with ordinality as wanted(name, place) join named on named.text = wanted.name join pg_class c using (oid)
    where named.is_full or pg_table_is_visible(c.oid)
    order by wanted.place, not pg_table_is_visible(c.oid), c.relname <> wanted.name, c.oid))";

using Row = std::vector<PostgresValue>;

bool is_true(const PostgresValue& value) { return value && *value == "t"; }

template <typename Number>
Number number(const PostgresValue& value) {
  Number result = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), result);
  return result;
}

PostgresTable table_of(const Row& row) {
  PostgresTable table;
  table.oid = row[0].value_or("");
  table.schema = row[1].value_or("");
  table.name = row[2].value_or("");
  table.kind = row[3].value_or("r").at(0);
  table.is_visible = is_true(row[4]);
  table.may_read = is_true(row[5]);
  table.has_row_rules = is_true(row[6]);
  table.expected_rows = number<double>(row[7]);
  table.description = row[8].value_or("");
  return table;
}

// int2vector counts from 0.
PostgresColumn column_of(const Row& row) {
  PostgresColumn column;
  column.name = row[1].value_or("");
  column.declared = row[2].value_or("");
  column.type = number<std::uint32_t>(row[3]);
  column.modifier = number<std::int32_t>(row[4]);
  column.not_null = is_true(row[5]);
  column.key_position = number<int>(row[6]) + 1;
  return column;
}

void read_columns(PostgresConnection& connection, std::vector<PostgresTable>& tables, bool with_indexes) {
  std::map<std::string, PostgresTable*> by_oid;
  std::string oids;
  for (PostgresTable& table : tables) {
    by_oid[table.oid] = &table;
    oids += (oids.empty() ? "{" : ",") + table.oid;
  }
  if (oids.empty()) return;
  const PostgresValue parameter = oids + "}";
  for (const Row& row : connection.query(kColumns, {&parameter, 1}).rows) {
    PostgresTable& table = *by_oid.at(*row[0]);
    table.columns.push_back(column_of(row));
    if (row[7]) table.descriptions[table.columns.back().name] = *row[7];
  }
  if (with_indexes)
    for (const Row& row : connection.query(kIndexes, {&parameter, 1}).rows)
      by_oid.at(*row[0])->indexes.push_back(*row[1]);
  for (PostgresTable& table : tables) {
    std::vector<const PostgresColumn*> key;
    for (const PostgresColumn& column : table.columns)
      if (column.key_position > 0) key.push_back(&column);
    std::ranges::sort(key, {}, &PostgresColumn::key_position);
    for (const PostgresColumn* column : key) table.key.push_back(column->name);
  }
}

}  // namespace

std::string PostgresTable::quoted() const { return sql::identifier(schema) + "." + sql::identifier(name); }

std::vector<PostgresTable> list_postgres_tables(PostgresConnection& connection) {
  const std::string rest =
      " and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ "
      "'^pg_(toast|temp)' "
      "order by not pg_table_is_visible(c.oid), n.nspname, c.relname";
  std::vector<PostgresTable> tables;
  for (const Row& row : connection.query(fmt::format("select {}{}{}", kRelation, kRelations, rest)).rows)
    tables.push_back(table_of(row));
  read_columns(connection, tables, true);
  return tables;
}

std::vector<std::optional<PostgresTable>> find_postgres_tables(PostgresConnection& connection,
                                                               std::span<const std::string> names) {
  const PostgresValue wanted = postgres_texts(names);
  const std::string question = fmt::format(
      "with {} select {}, found.place from found join pg_class c using (oid) join pg_namespace n on n.oid = "
      "c.relnamespace",
      kFound, kRelation);
  std::vector<PostgresTable> tables;
  std::vector<std::size_t> places;
  for (const Row& row : connection.query(question, {&wanted, 1}).rows) {
    tables.push_back(table_of(row));
    places.push_back(number<std::size_t>(row[9]) - 1);
  }
  // Two names may lead to one table.
  std::vector<PostgresTable> distinct;
  for (const PostgresTable& table : tables)
    if (std::ranges::find(distinct, table.oid, &PostgresTable::oid) == distinct.end()) distinct.push_back(table);
  read_columns(connection, distinct, false);
  std::vector<std::optional<PostgresTable>> found(names.size());
  for (std::size_t i = 0; i < tables.size(); ++i)
    found.at(places[i]) = *std::ranges::find(distinct, tables[i].oid, &PostgresTable::oid);
  return found;
}

std::optional<PostgresTable> find_postgres_table(PostgresConnection& connection, const std::string& from) {
  return std::move(find_postgres_tables(connection, {&from, 1}).front());
}

std::string with_found_postgres_tables() { return "with recursive " + std::string(kFound); }

std::string postgres_texts(std::span<const std::string> texts) {
  std::string array = "{";
  for (const std::string& text : texts) {
    array += array.size() == 1 ? "\"" : ",\"";
    for (const char letter : text) {
      if (letter == '"' || letter == '\\') array += '\\';
      array += letter;
    }
    array += '"';
  }
  return array + "}";
}

}  // namespace lochan
