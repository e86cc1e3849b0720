#include "sink/postgres_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "project/sink_files.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestName = 63;

std::vector<std::string> texts(const std::vector<LocatedText>& located) {
  std::vector<std::string> result;
  for (const LocatedText& text : located) result.push_back(*text);
  return result;
}

Declaration declaration(std::string word, const std::vector<std::string>& of) {
  Declaration result{std::move(word)};
  result.insert(result.end(), of.begin(), of.end());
  return result;
}

}  // namespace

Declarations declarations_of(const SinkTable& table, const std::vector<std::string>& key) {
  Declarations result;
  if (!key.empty()) result.insert(declaration("key", key));
  if (table.files && !table.files->partition_by.empty()) result.insert(declaration("partition", texts(table.files->partition_by)));
  for (const SinkIndex& index : table.indexes)
    result.insert(declaration(index.unique ? "unique" : "index", texts(index.columns)));
  for (const LocatedText& role : table.grants) result.insert({"grant", *role});
  if (!table.comment.empty()) result.insert({"comment", table.comment});
  for (const auto& [column, text] : table.comments) result.insert({"column", column, text});
  return result;
}

std::string declarations_text(const Declarations& declarations) { return Json(declarations).dump(); }

Declarations parse_declarations(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  return json.is_array() ? json.get<Declarations>() : Declarations{};
}

TargetTable::TargetTable(PostgresConnection& connection, PostgresName name, char kind)
    : connection_(connection), name_(std::move(name)), kind_(kind) {
  look();
}

void TargetTable::look() {
  const auto rows = connection_.query(
      "select c.oid, case when c.relkind = 'p' then (select md5(string_agg(concat(p.inhrelid, '/', pg_relation_filenode(p.inhrelid)), ' ' "
      "order by p.inhrelid)) from pg_inherits p where p.inhparent = c.oid) else pg_relation_filenode(c.oid)::text end, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = $1 and c.relname = $2",
      std::vector<PostgresValue>{name_.schema, name_.name});
  id_.clear();
  if (rows.empty()) return;
  if (rows.rows[0][2] != std::string(1, kind_))
    throw Error(ErrorKind::Data, fmt::format("`{}` is there, and is no {}", name_.quoted(),
                                             kind_ == 'm'   ? "materialized view"
                                             : kind_ == 'v' ? "view"
                                             : kind_ == 'p' ? "partitioned table"
                                                            : "plain table"))
        .hint("drop or rename it there, or give the table another name: `to: name`");
  id_ = *rows.rows[0][0];
  file_ = rows.rows[0][1].value_or("");
}

std::string TargetTable::identity() const { return exists() ? fmt::format("{}/{}", id_, file_) : ""; }

void TargetTable::create(const std::vector<TargetColumn>& columns, const std::string& clause) {
  std::vector<std::string> lines;
  for (const TargetColumn& column : columns) lines.push_back(sql::identifier(column.name) + " " + column.type);
  connection_.execute(fmt::format("create table {} ({}) {}", name_.quoted(), fmt::join(lines, ", "), clause));
  look();
}

bool TargetTable::evolve(const std::vector<TargetColumn>& columns) {
  struct Found {
    std::string type;
    bool not_null = false;
  };
  std::map<std::string, Found> found;
  for (const auto& row : connection_
                             .query("select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull and not exists "
                                    "(select 1 from pg_index i where i.indrelid = a.attrelid and i.indisprimary and "
                                    "a.attnum = any(i.indkey)) from pg_attribute a where a.attrelid = $1::oid and "
                                    "a.attnum > 0 and not a.attisdropped",
                                    std::vector<PostgresValue>{id_})
                             .rows)
    found[*row[0]] = {*row[1], row[2] == "t"};
  std::vector<std::string> changes;
  for (const TargetColumn& column : columns) {
    const std::string name = sql::identifier(column.name);
    const auto there = found.find(column.name);
    if (there == found.end()) {
      changes.push_back(fmt::format("add column {} {}", name, column.type));
      continue;
    }
    if (there->second.type != column.type) {
      if (!is_wider(column.type, there->second.type))
        throw Error(ErrorKind::Data, fmt::format("column `{}` of `{}` is `{}` there, and `{}` is to be written to it",
                                                 column.name, name_.quoted(), there->second.type, column.type))
            .hint("drop the table there: the next run makes it anew");
      changes.push_back(fmt::format("alter column {} type {}", name, column.type));
    }
    found.erase(there);
  }
  const bool has_other_columns = !changes.empty();
  for (const auto& [name, gone] : found)
    if (gone.not_null) changes.push_back(fmt::format("alter column {} drop not null", sql::identifier(name)));
  if (changes.empty()) return false;
  connection_.execute(fmt::format("alter table {} {}", name_.quoted(), fmt::join(changes, ", ")));
  look();
  return has_other_columns;
}

std::vector<TargetTable::Index> TargetTable::indexes() {
  std::vector<Index> result;
  const auto rows = connection_.query(
      "select c.relname, case when i.indisprimary then 'key' when i.indpred is not null or i.indexprs is not null then "
      "'other' when i.indisunique then 'unique' else 'index' end, (select json_agg(a.attname order by k.at) from "
      "unnest(i.indkey) with ordinality k(number, at) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = "
      "k.number), exists (select 1 from pg_constraint o where o.conindid = i.indexrelid and o.conrelid = i.indrelid) from "
      "pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = $1::oid",
      std::vector<PostgresValue>{id_});
  for (const auto& row : rows.rows)
    result.push_back({declaration(*row[1], Json::parse(row[2].value_or("[]")).get<std::vector<std::string>>()), *row[0],
                      row[3] == "t"});
  return result;
}

std::string TargetTable::index_columns(const Declaration& declaration) const {
  return sql::identifiers(std::span(declaration).subspan(1));
}

void TargetTable::undo(const Declaration& declaration) {
  const std::string& word = declaration[0];
  const std::string table = name_.quoted();
  if (word == "partition") return;  // it is so or not from the beginning
  if (word == "comment") {
    connection_.execute(fmt::format("comment on table {} is null", table));
  } else if (word == "column") {
    // Of a column that may be gone.
    const auto there = connection_.query("select 1 from pg_attribute where attrelid = $1::oid and attname = $2",
                                         std::vector<PostgresValue>{id_, declaration[1]});
    if (!there.empty())
      connection_.execute(fmt::format("comment on column {}.{} is null", table, sql::identifier(declaration[1])));
  } else if (word == "grant") {
    connection_.execute(fmt::format("revoke select on {} from {}", table, sql::identifier(declaration[1])));
  } else {
    for (const Index& index : indexes()) {
      if (index.is != declaration) continue;
      const std::string name = sql::identifier(index.name);
      connection_.execute(index.is_constraint
                              ? fmt::format("alter table {} drop constraint {}", table, name)
                              : fmt::format("drop index {}.{}", sql::identifier(name_.schema), name));
    }
  }
}

void TargetTable::apply(const Declaration& declaration) {
  const std::string& word = declaration[0];
  const std::string table = name_.quoted();
  if (word == "partition") return;
  if (word == "comment") {
    connection_.execute(fmt::format("comment on table {} is {}", table, sql::literal(declaration[1])));
  } else if (word == "column") {
    connection_.execute(fmt::format("comment on column {}.{} is {}", table, sql::identifier(declaration[1]),
                                    sql::literal(declaration[2])));
  } else if (word == "grant") {
    const std::string role = sql::identifier(declaration[1]);
    const auto may_look = connection_.query("select has_schema_privilege($1, $2, 'usage')",
                                            std::vector<PostgresValue>{declaration[1], name_.schema});
    if (may_look.value() != "t")
      connection_.execute(fmt::format("grant usage on schema {} to {}", sql::identifier(name_.schema), role));
    connection_.execute(fmt::format("grant select on {} to {}", table, role));
  } else {
    const auto there = indexes();
    if (std::ranges::find(there, declaration, &Index::is) != there.end()) return;
    if (word == "key")
      connection_.execute(fmt::format("alter table {} add primary key ({})", table, index_columns(declaration)));
    else
      connection_.execute(fmt::format("create {}index on {} ({})", word == "unique" ? "unique " : "", table,
                                      index_columns(declaration)));
  }
}

void TargetTable::declare(const Declarations& before, const Declarations& now) {
  for (const Declaration& declaration : before)
    if (!now.contains(declaration)) undo(declaration);
  // The key first: it has to be there for rows to be found by.
  for (const bool keys : {true, false})
    for (const Declaration& declaration : now)
      if ((declaration[0] == "key") == keys && (keys || !before.contains(declaration))) apply(declaration);
  look();
}

bool TargetTable::may_be_swapped(const Declarations& before, const Declarations& now) {
  if (kind_ == 'p') return false;  // its partitions have names of their own
  for (const Index& index : indexes())
    if (!before.contains(index.is) && !now.contains(index.is)) return false;
  const auto rows = connection_.query(
      "select 1 from pg_depend d, pg_class c where c.oid = $1::oid and ((d.refclassid = 'pg_class'::regclass and d.refobjid "
      "= c.oid) or (d.refclassid = 'pg_type'::regclass and d.refobjid = c.reltype)) and (d.deptype = 'n' or d.classid in "
      "('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass, 'pg_rewrite'::regclass, "
      "'pg_publication_rel'::regclass)) "
      "union all select 1 from pg_constraint where conrelid = $1::oid and contype in ('c', 'f', 'x') "
      "union all select 1 from pg_inherits where inhrelid = $1::oid or inhparent = $1::oid "
      "union all select 1 from pg_class where oid = $1::oid and (relrowsecurity or reloptions is not null)",
      std::vector<PostgresValue>{id_});
  return rows.empty();
}

bool TargetTable::is_as_made(const std::vector<TargetColumn>& columns) {
  const auto rows = connection_.query(
      "select 1 from pg_class c where c.oid = $1::oid and c.relreplident = 'd' and c.relpersistence = 'p' and c.reltablespace = 0 "
      "and pg_get_userbyid(c.relowner) = current_user and not exists (select 1 from pg_publication_tables where schemaname = $2 "
      "and tablename = $3) and $4::int = (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not "
      "a.attisdropped and not a.atthasdef and a.attidentity = '' and a.attacl is null and (not a.attnotnull or exists (select 1 "
      "from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)))) and $4::int = (select count(*) "
      "from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)",
      std::vector<PostgresValue>{id_, name_.schema, name_.name, std::to_string(columns.size())});
  return !rows.empty();
}

void TargetTable::swap_in(TargetTable& other) {
  const auto grants = connection_.query(
      "select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, a.privilege_type "
      "from pg_class c, aclexplode(c.relacl) a where c.oid = $1::oid and a.grantee <> c.relowner",
      std::vector<PostgresValue>{id_});
  for (const auto& row : grants.rows)
    connection_.execute(fmt::format("grant {} on {} to {}", *row[1], other.name_.quoted(), *row[0]));
  connection_.execute(fmt::format("drop {} {}", kind_ == 'm' ? "materialized view" : "table", name_.quoted()));
  connection_.execute(fmt::format("alter table {} rename to {}", other.name_.quoted(), sql::identifier(name_.name)));
  other.renamed(name_);
  look();
}

void TargetTable::renamed(const PostgresName& to) {
  const std::string from = std::exchange(name_, to).name;
  for (const Index& index : indexes()) {
    if (!index.name.starts_with(from)) continue;
    const std::string plain = (name_.name + index.name.substr(from.size())).substr(0, kLongestName);
    const bool is_free = connection_.query("select to_regclass($1)", std::vector<PostgresValue>{PostgresName{name_.schema, plain}.quoted()})
                             .rows[0][0] == std::nullopt;
    if (is_free)
      connection_.execute(fmt::format("alter index {} rename to {}", PostgresName{name_.schema, index.name}.quoted(),
                                      sql::identifier(plain)));
  }
}

}  // namespace lochan
