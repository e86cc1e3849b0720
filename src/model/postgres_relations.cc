#include "model/postgres_relations.h"

#include <fmt/format.h>

#include "base/json.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

constexpr std::string_view kBindView = "create temporary view lochan_bind as ";

std::string names_json(const std::set<PostgresName>& names) {
  Json json = Json::array();
  for (const PostgresName& name : names) json.push_back({name.schema, name.name});
  return json.dump();
}

}  // namespace

std::map<PostgresName, PostgresRelation> find_relations(PostgresConnection& connection,
                                                        const std::set<PostgresName>& names) {
  std::map<PostgresName, PostgresRelation> found;
  if (names.empty()) return found;
  const auto rows = connection.query(
      "select n.nspname, c.relname, c.oid, c.relkind, c.oid || '/' || md5(coalesce(case when c.relkind in ('v', 'm') "
      "then "
      "pg_get_viewdef(c.oid) end, '') || coalesce((select string_agg(a.attname || ' ' || format_type(a.atttypid, "
      "a.atttypmod), "
      "', ' order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), "
      "'')) "
      "from json_array_elements($1::json) w(name) join pg_namespace n on n.nspname = w.name->>0 join pg_class c on "
      "c.relnamespace = "
      "n.oid and c.relname = w.name->>1 where c.relkind in ('r', 'p', 'v', 'm', 'f')",
      Values{names_json(names)});
  for (const auto& row : rows.rows) found[{*row[0], *row[1]}] = {*row[2], row[3]->front(), *row[4]};
  return found;
}

std::vector<PostgresName> read_by(PostgresConnection& connection, const std::string& id) {
  std::vector<PostgresName> names;
  const auto rows = connection.query(
      "select distinct n.nspname, c.relname from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass "
      "and d.objid "
      "= r.oid and d.refclassid = 'pg_class'::regclass join pg_class c on c.oid = d.refobjid join pg_namespace n on "
      "n.oid = "
      "c.relnamespace where r.ev_class = $1::oid and c.oid <> r.ev_class and n.nspname not in ('pg_catalog', "
      "'information_schema') "
      "and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1, 2",
      Values{id});
  for (const auto& row : rows.rows) names.push_back({*row[0], *row[1]});
  return names;
}

std::vector<Column> columns_of(PostgresConnection& connection, const std::string& id) {
  std::vector<Column> columns;
  const auto rows = connection.query(
      "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = $1::oid and attnum > 0 and "
      "not "
      "attisdropped order by attnum",
      Values{id});
  for (const auto& row : rows.rows) columns.push_back({*row[0], *row[1]});
  return columns;
}

std::string_view kind_word(char kind) {
  switch (kind) {
    case 'v':
      return "view";
    case 'm':
      return "materialized view";
    case 'f':
      return "foreign table";
    default:
      return "table";
  }
}

BoundQuery bind_query(PostgresConnection& connection, const std::string& sql) {
  connection.execute(std::string(kBindView) + sql);
  const std::string id = connection.query("select 'pg_temp.lochan_bind'::regclass::oid").value();
  BoundQuery bound{read_by(connection, id), columns_of(connection, id)};
  connection.execute("drop view pg_temp.lochan_bind");
  return bound;
}

int letters_before_query() { return static_cast<int>(kBindView.size()); }

}  // namespace lochan
