#include "run/migrate_definitions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/sql.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;
using Row = std::vector<PostgresValue>;

std::string text(const PostgresValue& value) { return value.value_or(""); }
bool truth(const PostgresValue& value) { return value == "t"; }

// `{"1","2"}`, as an array of PostgreSQL is written.
std::string array(const std::vector<std::string>& items) {
  std::string list;
  for (const std::string& item : items) {
    list += list.empty() ? "\"" : ",\"";
    for (const char letter : item)
      list += letter == '"' || letter == '\\' ? std::string("\\") + letter : std::string(1, letter);
    list += '"';
  }
  return "{" + list + "}";
}

class DefinitionReader {
 public:
  DefinitionReader(PostgresConnection& source, const std::vector<MigratedTable>& queue)
      : source_(source), queue_(queue) {}

  Definitions read() {
    for (const MigratedTable& table : queue_) find_table(table);
    find_partitions();
    for (const DefinedTable& table : found_.tables)
      ids_.push_back(table.id), by_id_[table.id] = &table - found_.tables.data();
    read_columns();
    read_constraints();
    read_indexes();
    read_triggers();
    read_types();
    read_sequences();
    read_functions();
    read_aggregates();
    read_views();
    return std::move(found_);
  }

 private:
  PostgresRows ask(std::string_view sql, const Values& values = {}) { return source_.query(sql, values); }
  DefinedTable& table(const PostgresValue& id) { return found_.tables[static_cast<std::size_t>(by_id_.at(text(id)))]; }

  // ---- tables

  void find_table(const MigratedTable& wanted) {
    const PostgresRows rows =
        ask("select c.oid, c.relkind, c.relispartition, case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end, "
            "c.relrowsecurity, "
            "has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'), exists (select from "
            "pg_inherits where inhrelid = c.oid) "
            "from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2",
            {wanted.schema_in, wanted.name});
    const std::string name = fmt::format("`{}.{}`", wanted.schema_in, wanted.name);
    const auto refuse = [&](const std::string& what, const std::string& hint) {
      throw Error(ErrorKind::Data, fmt::format("{} {}", name, what)).at(wanted.position).hint(hint);
    };
    if (rows.empty())
      refuse("is not at the source", "check `name` and `schema_in`; `lochan source show` lists what there is");
    const Row& row = rows.rows[0];
    const std::string kind = text(row[1]);
    if (kind == "v" || kind == "m") refuse("is a view", "take it out: views come along with the tables that they read");
    if (kind != "r" && kind != "p") refuse("is not a table", "take it out of the file");
    if (truth(row[2])) refuse("is a partition", "take it out: partitions come along with their table");
    if (truth(row[6]))
      refuse("inherits from another table", "inheritance is not migrated: make the table at the target, without it");
    if (!truth(row[5]))
      refuse("may not be read by the connection's user",
             fmt::format("`grant usage on schema {}` and `grant select` on it", sql::identifier(wanted.schema_in)));
    if (truth(row[4])) found_.left_out.push_back(fmt::format("the row security of {}", name));
    DefinedTable& made = found_.tables.emplace_back();
    made.id = text(row[0]);
    made.schema = wanted.schema_in;
    made.name = wanted.name;
    made.partition_key = text(row[3]);
    made.table = &wanted;
  }

  void find_partitions() {
    std::vector<DefinedTable> all;
    for (DefinedTable& root : found_.tables) {
      const PostgresRows rows =
          ask("with recursive part as (select inhrelid, inhparent, 1 as depth from pg_inherits where inhparent = "
              "$1::oid union all "
              "select i.inhrelid, i.inhparent, depth + 1 from pg_inherits i join part p on i.inhparent = p.inhrelid) "
              "select c.oid, p.inhparent, n.nspname, c.relname, c.relkind, c.relispartition, "
              "pg_get_expr(c.relpartbound, c.oid), "
              "case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end "
              "from part p join pg_class c on c.oid = p.inhrelid join pg_namespace n on n.oid = c.relnamespace order "
              "by depth, c.relname",
              {root.id});
      const MigratedTable* const wanted = root.table;
      all.push_back(std::move(root));
      for (const Row& row : rows.rows) {
        if (!truth(row[5]) || row[4] == "f")
          throw Error(
              ErrorKind::Data,
              fmt::format("`{}.{}` has `{}` below it, which is {}", wanted->schema_in, wanted->name, text(row[3]),
                          row[4] == "f" ? "a table of another server" : "a table that inherits from it"))
              .at(wanted->position)
              .hint(
                  "only partitions come along: detach it (`alter table … no inherit …`), or take the table out of the "
                  "file");
        DefinedTable& part = all.emplace_back();
        part.id = text(row[0]);
        part.parent = text(row[1]);
        part.schema = text(row[2]);
        part.name = text(row[3]);
        part.bound = text(row[6]);
        part.partition_key = text(row[7]);
        part.table = wanted;
      }
    }
    found_.tables = std::move(all);
  }

  void read_columns() {
    const PostgresRows rows =
        ask("select a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, "
            "a.attgenerated <> '', "
            "pg_get_expr(d.adbin, d.adrelid), (select quote_ident(n.nspname) || '.' || quote_ident(c.collname) from "
            "pg_collation c join pg_namespace n "
            "on n.oid = c.collnamespace where c.oid = a.attcollation and a.attcollation <> t.typcollation) "
            "from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid "
            "and d.adnum = a.attnum "
            "where a.attrelid = any($1::oid[]) and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum",
            {array(ids_)});
    for (const Row& row : rows.rows) {
      DefinedTable& owner = table(row[0]);
      if (!owner.parent.empty()) continue;
      owner.columns.push_back({.name = text(row[1]),
                               .type = text(row[2]),
                               .collation = text(row[7]),
                               .expression = text(row[6]),
                               .is_not_null = truth(row[3]),
                               .is_generated = truth(row[5]),
                               .identity = row[4] == "a"   ? "always"
                                           : row[4] == "d" ? "by default"
                                                           : ""});
    }
  }

  void read_constraints() {
    const PostgresRows rows =
        ask("select k.conrelid, k.conname, pg_get_constraintdef(k.oid, true), k.contype = 'f', k.confrelid, n.nspname, "
            "c.relname from pg_constraint k "
            "left join pg_class c on c.oid = k.confrelid left join pg_namespace n on n.oid = c.relnamespace "
            "where k.conrelid = any($1::oid[]) and k.contype in ('p', 'u', 'x', 'c', 'f') and k.conparentid = 0 and "
            "(k.conislocal or k.coninhcount = 0) "
            "order by k.conrelid, position(k.contype::text in 'puxcf'), k.conname",
            {array(ids_)});
    for (const Row& row : rows.rows)
      table(row[0]).constraints.push_back({.name = text(row[1]),
                                           .definition = text(row[2]),
                                           .is_foreign = truth(row[3]),
                                           .to = text(row[4]),
                                           .to_schema = text(row[5]),
                                           .to_name = text(row[6])});
  }

  // Those of constraints come with them, and those of partitions with their table's.
  PostgresRows indexes(const std::vector<std::string>& ids) {
    return ask(
        "select i.indrelid, c.relname, replace(pg_get_indexdef(i.indexrelid, 0, true), 'INDEX ' || "
        "quote_ident(c.relname) || ' ON ONLY ', "
        "'INDEX ' || quote_ident(c.relname) || ' ON ') from pg_index i join pg_class c on c.oid = i.indexrelid "
        "where i.indrelid = any($1::oid[]) and not exists (select from pg_constraint k where k.conindid = i.indexrelid "
        "and k.contype in ('p', 'u', 'x')) "
        "and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid) order by i.indrelid, c.relname",
        {array(ids)});
  }

  void read_indexes() {
    for (const Row& row : indexes(ids_).rows) table(row[0]).indexes.push_back({text(row[1]), text(row[2])});
  }

  void read_triggers() {
    const PostgresRows rows =
        ask("select tgrelid, tgname, pg_get_triggerdef(oid, true), tgenabled = 'D' from pg_trigger "
            "where tgrelid = any($1::oid[]) and not tgisinternal and tgparentid = 0 order by tgrelid, tgname",
            {array(ids_)});
    for (const Row& row : rows.rows) table(row[0]).triggers.push_back({text(row[1]), text(row[2]), truth(row[3])});
  }

  // ---- types

  void read_types() {
    const PostgresRows rows =
        ask("with recursive needed(oid) as ("
            " select a.atttypid from pg_attribute a where a.attrelid = any($1::oid[]) and a.attnum > 0 and not "
            "a.attisdropped union"
            " select x.oid from needed join pg_type t on t.oid = needed.oid cross join lateral ("
            "  select t.typelem as oid where t.typelem <> 0 and t.typlen = -1 union all select t.typbasetype where "
            "t.typbasetype <> 0 union all"
            "  select a.atttypid from pg_attribute a where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > "
            "0 and not a.attisdropped) x) "
            "select t.oid, n.nspname, t.typname, t.typtype, e.extname, coalesce(c.relkind = 'c', false), "
            "format_type(t.typbasetype, t.typtypmod), t.typdefault, t.typnotnull "
            "from needed join pg_type t using (oid) join pg_namespace n on n.oid = t.typnamespace left join pg_class c "
            "on c.oid = t.typrelid "
            "left join pg_depend d on d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e' left "
            "join pg_extension e on e.oid = d.refobjid "
            "where n.nspname not in ('pg_catalog', 'information_schema') and not (t.typtype = 'b' and t.typelem <> 0 "
            "and t.typlen = -1) "
            "order by t.typtype <> 'e', t.oid",
            {array(ids_)});
    for (const Row& row : rows.rows) {
      types_.push_back(text(row[0]));
      if (row[4]) {
        if (std::ranges::find(found_.extensions, *row[4]) == found_.extensions.end())
          found_.extensions.push_back(*row[4]);
        continue;
      }
      DefinedType& type = found_.types.emplace_back(
          DefinedType{.schema = text(row[1]), .name = text(row[2]), .kind = "type", .definition = ""});
      if (row[3] == "e")
        define_enum(type, row);
      else if (row[3] == "d")
        define_domain(type, row);
      else if (row[3] == "c" && truth(row[5]))
        define_composite(type, row);
      else
        throw Error(ErrorKind::Data,
                    fmt::format("type `{}.{}` is of a kind that is not migrated", type.schema, type.name))
            .hint("make it at the target by hand, and the tables that use it: what is there is used as it is");
    }
  }

  void define_enum(DefinedType& type, const Row& row) {
    type.definition = fmt::format(
        "as enum ({})",
        ask("select coalesce(string_agg(quote_literal(enumlabel), ', ' order by enumsortorder), '') from pg_enum "
            "where enumtypid = $1::oid",
            {row[0]})
            .value());
  }

  void define_domain(DefinedType& type, const Row& row) {
    type.kind = "domain";
    type.definition = fmt::format("as {}", text(row[6]));
    if (row[7]) type.definition += fmt::format(" default {}", *row[7]);
    if (truth(row[8])) type.definition += " not null";
    const PostgresRows checks =
        ask("select coalesce(string_agg(' constraint ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid), "
            "''), '') "
            "from pg_constraint where contypid = $1::oid and contype = 'c'",
            {row[0]});
    type.definition += checks.value();
  }

  void define_composite(DefinedType& type, const Row& row) {
    type.definition = fmt::format(
        "as ({})",
        ask("select string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by "
            "a.attnum) "
            "from pg_attribute a join pg_type t on t.typrelid = a.attrelid where t.oid = $1::oid and a.attnum > 0 "
            "and not a.attisdropped",
            {row[0]})
            .value());
  }

  void read_sequences() {
    const PostgresRows rows =
        ask("select n.nspname, s.relname, format_type(q.seqtypid, null), q.seqstart, q.seqincrement, q.seqmin, "
            "q.seqmax, q.seqcache, q.seqcycle, o.refobjid, "
            "a.attname, coalesce(o.deptype = 'i', false), case when has_sequence_privilege(s.oid, 'select') then "
            "pg_sequence_last_value(s.oid) end "
            "from pg_class s join pg_namespace n on n.oid = s.relnamespace join pg_sequence q on q.seqrelid = s.oid "
            "left join pg_depend o on o.classid = 'pg_class'::regclass and o.objid = s.oid and o.refclassid = "
            "'pg_class'::regclass and o.refobjsubid > 0 and "
            "o.deptype in ('a', 'i') and o.refobjid = any($1::oid[]) left join pg_attribute a on a.attrelid = "
            "o.refobjid and a.attnum = o.refobjsubid "
            "where o.refobjid is not null or s.oid in (select d.refobjid from pg_depend d join pg_attrdef t on "
            "d.classid = 'pg_attrdef'::regclass and d.objid = t.oid "
            "where t.adrelid = any($1::oid[]) and d.refclassid = 'pg_class'::regclass) order by 1, 2",
            {array(ids_)});
    for (const Row& row : rows.rows)
      found_.sequences.push_back(
          {.schema = text(row[0]),
           .name = text(row[1]),
           .options = fmt::format("{}start with {} increment by {} minvalue {} maxvalue {} cache {}{}",
                                  truth(row[11]) ? "" : fmt::format("as {} ", text(row[2])), text(row[3]), text(row[4]),
                                  text(row[5]), text(row[6]), text(row[7]), truth(row[8]) ? " cycle" : ""),
           .owner = text(row[9]),
           .column = text(row[10]),
           .is_identity = truth(row[11]),
           .last_value = row[12]});
  }

  // ---- functions

  // Those of the file's schemas whose types come along; $2 the types that do, $3 the tables.
  static constexpr std::string_view kFunctions =
      "select n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), "
      "exists (select from unnest(u.types) x(oid) join pg_type t on t.oid = x.oid join pg_type e on e.oid = case when "
      "t.typelem <> 0 and t.typlen = -1 then t.typelem else t.oid end "
      "        where e.typrelid = any($3::oid[])), "
      "exists (select from unnest(u.types) x(oid) join pg_type t on t.oid = x.oid join pg_type e on e.oid = case when "
      "t.typelem <> 0 and t.typlen = -1 then t.typelem else t.oid end "
      "        join pg_namespace m on m.oid = e.typnamespace where m.nspname not in ('pg_catalog', "
      "'information_schema') "
      "        and e.oid <> all($2::oid[]) and not (e.typrelid = any($3::oid[]))), l.lanname, ";
  static constexpr std::string_view kOfSchemas =
      "from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang "
      "cross join lateral (select p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}') || p.prorettype as types) "
      "u ";
  static constexpr std::string_view kOwn =
      " and n.nspname = any($1::text[]) and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass "
      "and d.objid = p.oid and d.deptype = 'e') order by p.oid";

  Values function_values() const { return {array(schemas_of(queue_, false)), array(types_), array(ids_)}; }

  void leave_out(const Row& row, const std::string& why) {
    found_.left_out.push_back(fmt::format("function `{}.{}({})`: {}", text(row[0]), text(row[1]), text(row[2]), why));
  }

  void read_functions() {
    const std::string query = fmt::format(
        "{} pg_get_functiondef(p.oid), quote_ident(n.nspname), l.lanpltrusted or l.lanname = 'sql', p.prokind {} where "
        "p.prokind <> 'a' {}",
        kFunctions, kOfSchemas, kOwn);
    for (const Row& row : ask(query, function_values()).rows) {
      const std::string before = fmt::format("CREATE OR REPLACE {} ", row[9] == "p" ? "PROCEDURE" : "FUNCTION");
      const std::string definition = text(row[6]), schema = text(row[7]);
      if (truth(row[4]))
        leave_out(row, "a type of its arguments or result does not come along");
      else if (!truth(row[8]) || !definition.starts_with(before + schema + "."))
        leave_out(row, fmt::format("it is written in `{}`", text(row[5])));
      else
        found_.functions.push_back({.schema = text(row[0]),
                                    .name = text(row[1]),
                                    .arguments = text(row[2]),
                                    .before = before,
                                    .after = definition.substr(before.size() + schema.size()),
                                    .needs_tables = truth(row[3])});
    }
  }

  void read_aggregates() {
    const std::string query = fmt::format(
        "{} a.aggtransfn::regproc, format_type(a.aggtranstype, null), nullif(a.aggfinalfn::oid, 0)::regproc, "
        "quote_literal(a.agginitval), a.aggkind = 'n', quote_ident(p.proname) "
        "{} join pg_aggregate a on a.aggfnoid = p.oid where true {}",
        kFunctions, kOfSchemas, kOwn);
    for (const Row& row : ask(query, function_values()).rows) {
      if (truth(row[4]) || !truth(row[10])) {
        leave_out(row, truth(row[4]) ? "a type of its arguments or result does not come along"
                                     : "it is an aggregate over an order");
        continue;
      }
      std::string after = fmt::format(".{}({}) (sfunc = {}, stype = {}", text(row[11]),
                                      text(row[2]).empty() ? "*" : text(row[2]), text(row[6]), text(row[7]));
      if (row[8]) after += fmt::format(", finalfunc = {}", *row[8]);
      if (row[9]) after += fmt::format(", initcond = {}", *row[9]);
      found_.functions.push_back({.schema = text(row[0]),
                                  .name = text(row[1]),
                                  .arguments = text(row[2]),
                                  .before = "create aggregate ",
                                  .after = after + ")",
                                  .needs_tables = truth(row[3])});
    }
  }

  // ---- views

  // Views of any schema all of whose tables and views come along.
  void read_views() {
    const PostgresRows rows =
        ask("select v.oid, n.nspname, v.relname, v.relkind = 'm', pg_get_viewdef(v.oid), array_to_string(v.reloptions, "
            "', '), d.refobjid "
            "from pg_class v join pg_namespace n on n.oid = v.relnamespace join pg_rewrite r on r.ev_class = v.oid "
            "join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = "
            "'pg_class'::regclass and d.refobjid <> v.oid "
            "where v.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not "
            "like 'pg\\_temp%' "
            "and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = v.oid and "
            "e.deptype = 'e') order by v.oid");
    std::map<std::string, std::set<std::string>> reads;
    std::map<std::string, DefinedView> views;
    for (const Row& row : rows.rows) {
      reads[text(row[0])].insert(text(row[6]));
      views[text(row[0])] = {.id = text(row[0]),
                             .schema = text(row[1]),
                             .name = text(row[2]),
                             .definition = text(row[4]),
                             .options = text(row[5]),
                             .is_materialized = truth(row[3]),
                             .indexes = {}};
    }
    std::set<std::string> there(ids_.begin(), ids_.end());
    for (bool is_new = true; is_new;) {
      is_new = false;
      for (auto& [id, view] : views) {
        const auto& needed = reads[id];
        if (there.contains(id) ||
            !std::ranges::all_of(needed, [&](const std::string& other) { return there.contains(other); }))
          continue;
        there.insert(id);
        for (const Row& row : view.is_materialized ? indexes({id}).rows : std::vector<Row>())
          view.indexes.push_back({text(row[1]), text(row[2])});
        found_.views.push_back(view);
        is_new = true;
      }
    }
    for (const auto& [id, view] : views) {
      const bool reads_some =
          std::ranges::any_of(reads[id], [&](const std::string& other) { return there.contains(other); });
      if (!there.contains(id) && reads_some)
        found_.left_out.push_back(
            fmt::format("view `{}.{}`: it reads tables that the file doesn't have", view.schema, view.name));
    }
  }

  PostgresConnection& source_;
  const std::vector<MigratedTable>& queue_;
  Definitions found_;
  std::vector<std::string> ids_;    // of tables and partitions
  std::vector<std::string> types_;  // oids of those that come along
  std::map<std::string, std::ptrdiff_t> by_id_;
};

}  // namespace

std::vector<std::string> schemas_of(const std::vector<MigratedTable>& queue, bool out) {
  std::vector<std::string> schemas;
  for (const MigratedTable& table : queue) {
    const std::string& schema = out ? table.schema_out : table.schema_in;
    if (std::ranges::find(schemas, schema) == schemas.end()) schemas.push_back(schema);
  }
  return schemas;
}

std::string schema_out(const std::vector<MigratedTable>& queue, const std::string& schema_in) {
  const auto found = std::ranges::find(queue, schema_in, &MigratedTable::schema_in);
  return found == queue.end() ? schema_in : found->schema_out;
}

Definitions read_definitions(PostgresConnection& source, const std::vector<MigratedTable>& queue) {
  return DefinitionReader(source, queue).read();
}

}  // namespace lochan
