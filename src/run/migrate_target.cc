#include "run/migrate_target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/sql.h"
#include "sink/postgres_column.h"
#include "sink/postgres_marks.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

std::string path_of(const std::vector<std::string>& schemas) { return fmt::format("{}", fmt::join(schemas, ", ")); }

}  // namespace

std::string quoted_table(const std::string& schema, const std::string& name) {
  return sql::identifier(schema) + "." + sql::identifier(name);
}

MigrateTarget::MigrateTarget(PostgresConnection& target, const std::vector<MigratedTable>& queue,
                             const Definitions& definitions, std::string from)
    : target_(target), queue_(queue), definitions_(definitions), from_(std::move(from)), marks_(target) {
  std::vector<std::string> path;
  for (const std::string& schema : schemas_of(queue, true)) path.push_back(sql::identifier(schema));
  target_.execute(fmt::format("set search_path to {}; set check_function_bodies = off", path_of(path)));
}

void MigrateTarget::lock() {
  for (const std::string& schema : schemas_of(queue_, true)) {
    const Values values = {"lochan migrate " + schema};
    if (target_.query("select pg_try_advisory_lock(hashtextextended($1, 0))", values).value() == "t") continue;
    throw Error(ErrorKind::Conflict, fmt::format("another migration is writing to the schema `{}`", schema))
        .hint("wait for it to end, or cancel it: `lochan cancel`");
  }
}

// ---- what is there

bool MigrateTarget::is_there(const std::string& query, Values values) const {
  return target_.query(fmt::format("select exists ({})", query), values).value() == "t";
}

std::string MigrateTarget::kind(const std::string& schema, const std::string& name) const {
  const Values values = {schema, name};
  const PostgresRows rows = target_.query(
      "select c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and "
      "c.relname = $2",
      values);
  return rows.empty() ? "" : rows.value();
}

bool MigrateTarget::has_type(const DefinedType& type) const {
  return is_there(
      "select from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname = $1 and t.typname = $2",
      {schema_out(queue_, type.schema), type.name});
}

bool MigrateTarget::has_function(const DefinedFunction& function) const {
  return is_there(
      "select from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 and p.proname = $2 and "
      "pg_get_function_identity_arguments(p.oid) = $3",
      {schema_out(queue_, function.schema), function.name, function.arguments});
}

bool MigrateTarget::has_constraint(const std::string& table, const std::string& name) const {
  return is_there("select from pg_constraint where conrelid = $1::regclass and conname = $2", {table, name});
}

bool MigrateTarget::has_privilege(const std::string& function, const std::string& what,
                                  const std::string& privilege) const {
  const Values values = {what, privilege};
  return target_.query(fmt::format("select {}($1, $2)", function), values).value() == "t";
}

const DefinedTable& MigrateTarget::definition(const MigratedTable& table) const {
  return *std::ranges::find_if(definitions_.tables,
                               [&](const DefinedTable& each) { return each.table == &table && each.parent.empty(); });
}

// A partition that lies with its table goes with it.
std::string MigrateTarget::out_schema(const DefinedTable& table) const {
  return table.schema == table.table->schema_in ? table.table->schema_out : schema_out(queue_, table.schema);
}

std::string MigrateTarget::out(const DefinedTable& table) const { return quoted_table(out_schema(table), table.name); }

const MigrateMark* MigrateTarget::mark(const MigratedTable& table) const {
  const auto found = found_marks_.find(table.name);
  return found == found_marks_.end() ? nullptr : &found->second;
}

// ---- checks

void MigrateTarget::check() {
  std::set<std::string> needing;
  for (const MigratedTable& table : queue_) {
    const std::string found = kind(table.schema_out, table.name);
    is_missing_[table.name] = found.empty();
    if (found.empty()) needing.insert(table.schema_out), is_anything_missing_ = true;
    if (found.empty() || found == "r" || found == "p") continue;
    throw Error(ErrorKind::Data, fmt::format("`{}.{}` is at the target, and no table", table.schema_out, table.name))
        .at(table.position)
        .hint("rename or drop it, or choose another `schema_out`");
  }
  for (const std::string& schema : schemas_of(queue_, true)) check_schema(schema, needing.contains(schema));
  for (const DefinedView& view : definitions_.views)
    if (const std::string schema = schema_out(queue_, view.schema); kind(schema, view.name).empty())
      check_schema_of_views(schema);
  check_extensions();
  for (const MigratedTable& table : queue_) check_table(table);
}

void MigrateTarget::check_schema_of_views(const std::string& schema) const {
  const bool is_known = is_there("select from pg_namespace where nspname = $1", {schema});
  const bool may_make =
      is_known ? has_privilege("has_schema_privilege", schema, "create")
               : target_.query("select has_database_privilege(current_database(), 'create')").value() == "t";
  if (!may_make)
    throw Error(ErrorKind::Data, fmt::format("the target's user may not make views in the schema `{}`", schema))
        .hint(fmt::format("`create schema {0}` and `grant usage, create on schema {0} to` that user",
                          sql::identifier(schema)));
}

void MigrateTarget::check_schema(const std::string& schema, bool needs_tables) {
  const bool is_known = is_there("select from pg_namespace where nspname = $1", {schema});
  if (!is_known) {
    is_anything_missing_ = true;
    if (target_.query("select has_database_privilege(current_database(), 'create')").value() == "t") return;
    throw Error(ErrorKind::Data, fmt::format("the target has no schema `{}`, and its user may not make one", schema))
        .hint(fmt::format("`create schema {} authorization` that user, as a superuser", sql::identifier(schema)));
  }
  const bool has_marks = marks_.is_in(schema);
  if (!has_marks) is_anything_missing_ = true;
  if ((needs_tables || !has_marks) && !(has_privilege("has_schema_privilege", schema, "create") &&
                                        has_privilege("has_schema_privilege", schema, "usage")))
    throw Error(ErrorKind::Data, fmt::format("the target's user may not make tables in the schema `{}`", schema))
        .hint(fmt::format("`grant usage, create on schema {} to` that user", sql::identifier(schema)));
}

void MigrateTarget::check_extensions() const {
  for (const std::string& extension : definitions_.extensions)
    if (!is_there("select from pg_extension where extname = $1", {extension}))
      throw Error(ErrorKind::Data,
                  fmt::format("the target lacks the extension `{}`, whose types the tables use", extension))
          .hint(fmt::format("`create extension {}` there", sql::identifier(extension)));
}

void MigrateTarget::check_table(const MigratedTable& table) {
  const std::string name = quoted_table(table.schema_out, table.name),
                    shown = fmt::format("`{}.{}`", table.schema_out, table.name);
  if (is_missing_[table.name]) {
    is_made_[table.name] = true;
    for (const DefinedColumn& column : definition(table).columns)
      if (!column.is_generated) columns_[table.name].push_back({column.name, ""});
    return;
  }
  for (const char* privilege : {"select", "insert"})
    if (!has_privilege("has_table_privilege", name, privilege))
      throw Error(ErrorKind::Data, fmt::format("the target's user lacks the right to {} on {}", privilege, shown))
          .at(table.position)
          .hint(fmt::format("`grant select, insert on {} to` that user", name));
  check_columns(table);
  std::optional<MigrateMark> mark = marks_.is_in(table.schema_out) ? marks_.find(table) : std::nullopt;
  is_made_[table.name] = mark && mark->is_made;
  if (mark && (mark->from != from_ || mark->schema_in != table.schema_in))
    throw Error(ErrorKind::Data, fmt::format("{} was migrated from `{}` of `{}`, not from `{}` of `{}`", shown,
                                             mark->schema_in, mark->from, table.schema_in, from_))
        .at(table.position)
        .hint("migrate into another `schema_out`, or drop the table to have it migrated anew");
  if ((!mark || !mark->copied) && is_there(fmt::format("select from {}", name), {}))
    throw Error(ErrorKind::Data, fmt::format("{} has rows already, and no migration brought them", shown))
        .at(table.position)
        .hint("empty or drop it, or choose another `schema_out`: nothing was written");
  if (mark) found_marks_[table.name] = *mark;
}

// By the target's own columns: each of the source's must be there, with a type that takes its values.
void MigrateTarget::check_columns(const MigratedTable& table) {
  const Values values = {quoted_table(table.schema_out, table.name)};
  const PostgresRows rows = target_.query(
      "select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull and not a.atthasdef and a.attidentity = "
      "'', a.attgenerated <> '' "
      "from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum",
      values);
  const std::string shown = fmt::format("`{}.{}`", table.schema_out, table.name);
  std::vector<DefinedColumn> left = definition(table).columns;
  std::vector<CarriedColumn>& carried = columns_[table.name];
  std::string wrong, hint;
  for (const auto& row : rows.rows) {
    const auto found = std::ranges::find(left, *row[0], &DefinedColumn::name);
    if (found == left.end()) {
      if (row[2] == "t")
        wrong = fmt::format("column `{}` of {} has no counterpart at the source, and must not be null", *row[0], shown),
        hint = "give it a default, or drop it";
      continue;
    }
    const bool is_same = found->type == *row[1];
    if (!is_same && !is_wider(*row[1], found->type))
      wrong = fmt::format("column `{}` of {} is `{}`, and `{}` at the source", *row[0], shown, *row[1], found->type),
      hint = fmt::format("`alter table {} alter column {} type {}`", values[0].value(), sql::identifier(*row[0]),
                         found->type);
    else if (row[3] == "t" && !found->is_generated)
      wrong = fmt::format("column `{}` of {} is generated, and has values of its own at the source", *row[0], shown),
      hint = "drop its expression at the target";
    else if (row[3] != "t")
      carried.push_back({*row[0], is_same ? "" : *row[1]});
    left.erase(found);
  }
  for (const DefinedColumn& column : left)
    if (!column.is_generated)
      wrong = fmt::format("{} lacks the column `{}`, which the source has", shown, column.name),
      hint = fmt::format("`alter table {} add column {} {}`", values[0].value(), sql::identifier(column.name),
                         column.type);
  if (!wrong.empty()) throw Error(ErrorKind::Data, wrong).at(table.position).hint(hint + "; nothing was written");
}

// ---- making

// Names without a schema mean those of this one first.
void MigrateTarget::prefer(const std::string& schema) {
  std::vector<std::string> path = {sql::identifier(schema)};
  for (const std::string& other : schemas_of(queue_, true))
    if (other != schema) path.push_back(sql::identifier(other));
  target_.execute(fmt::format("set local search_path to {}", path_of(path)));
}

void MigrateTarget::make_missing(std::int64_t run) {
  for (const std::string& schema : schemas_of(queue_, true)) {
    require_schema(target_, schema);
    if (!marks_.is_in(schema)) marks_.make(schema);
  }
  // Of things that the tables use, and that lie elsewhere.
  for (const DefinedType& type : definitions_.types) require_schema(target_, schema_out(queue_, type.schema));
  for (const DefinedSequence& sequence : definitions_.sequences)
    require_schema(target_, schema_out(queue_, sequence.schema));
  for (const DefinedTable& table : definitions_.tables) require_schema(target_, out_schema(table));
  make_types();
  make_functions(false);
  make_sequences();
  for (const DefinedTable& table : definitions_.tables)
    if (is_missing_[table.table->name]) make_table(table);
  own_sequences();
  make_functions(true);
  for (const MigratedTable& table : queue_)
    if (is_missing_[table.name]) marks_.save_made(table, from_, run);
}

void MigrateTarget::make_types() {
  for (const DefinedType& type : definitions_.types)
    if (!has_type(type))
      target_.execute(fmt::format("create {} {} {}", type.kind,
                                  quoted_table(schema_out(queue_, type.schema), type.name), type.definition));
}

void MigrateTarget::make_functions(bool of_tables) {
  for (const DefinedFunction& function : definitions_.functions)
    if (function.needs_tables == of_tables && !has_function(function))
      target_.execute(
          fmt::format("{}{}{}", function.before, sql::identifier(schema_out(queue_, function.schema)), function.after));
}

void MigrateTarget::make_sequences() {
  for (const DefinedSequence& sequence : definitions_.sequences) {
    const std::string schema = schema_out(queue_, sequence.schema);
    if (!sequence.is_identity && kind(schema, sequence.name).empty())
      target_.execute(fmt::format("create sequence {} {}", quoted_table(schema, sequence.name), sequence.options));
  }
}

std::string MigrateTarget::column_text(const DefinedTable& table, const DefinedColumn& column) const {
  std::string text = fmt::format("{} {}", sql::identifier(column.name), column.type);
  if (!column.collation.empty()) text += fmt::format(" collate {}", column.collation);
  if (column.is_generated) text += fmt::format(" generated always as ({}) stored", column.expression);
  if (!column.identity.empty()) {
    const auto sequence = std::ranges::find_if(definitions_.sequences, [&](const DefinedSequence& each) {
      return each.is_identity && each.owner == table.id && each.column == column.name;
    });
    text += fmt::format(" generated {} as identity{}", column.identity,
                        sequence == definitions_.sequences.end() ? "" : fmt::format(" ({})", sequence->options));
  }
  if (!column.is_generated && !column.expression.empty()) text += fmt::format(" default {}", column.expression);
  return text + (column.is_not_null ? " not null" : "");
}

void MigrateTarget::make_table(const DefinedTable& table) {
  const std::string by = table.partition_key.empty() ? "" : fmt::format(" partition by {}", table.partition_key);
  if (!table.parent.empty()) {
    const auto parent = std::ranges::find(definitions_.tables, table.parent, &DefinedTable::id);
    target_.execute(fmt::format("create table {} partition of {} {}{}", out(table), out(*parent), table.bound, by));
    return;
  }
  std::vector<std::string> columns;
  for (const DefinedColumn& column : table.columns) columns.push_back(column_text(table, column));
  target_.execute(fmt::format("create table {} ({}){}", out(table), fmt::join(columns, ", "), by));
}

void MigrateTarget::own_sequences() {
  for (const DefinedSequence& sequence : definitions_.sequences) {
    const auto owner = std::ranges::find(definitions_.tables, sequence.owner, &DefinedTable::id);
    if (sequence.is_identity || owner == definitions_.tables.end() || !is_missing_[owner->table->name]) continue;
    target_.execute(fmt::format("alter sequence {} owned by {}.{}",
                                quoted_table(schema_out(queue_, sequence.schema), sequence.name), out(*owner),
                                sql::identifier(sequence.column)));
  }
}

void MigrateTarget::make_index(const std::string& schema, const DefinedIndex& index) {
  if (kind(schema, index.name).empty()) target_.execute(index.definition);
}

void MigrateTarget::complete(const MigratedTable& table) {
  if (!is_made_[table.name]) return;
  prefer(table.schema_out);
  for (const DefinedTable& each : definitions_.tables) {
    if (each.table != &table) continue;
    for (const DefinedConstraint& constraint : each.constraints)
      if (!constraint.is_foreign && !has_constraint(out(each), constraint.name))
        target_.execute(fmt::format("alter table {} add constraint {} {}", out(each), sql::identifier(constraint.name),
                                    constraint.definition));
    for (const DefinedIndex& index : each.indexes) make_index(out_schema(each), index);
  }
}

std::vector<std::string> MigrateTarget::finish() {
  std::vector<std::string> left_out;
  for (const DefinedTable& table : definitions_.tables) {
    if (!is_made_[table.table->name]) continue;
    prefer(out_schema(table));
    make_foreign_keys(table, left_out);
    make_triggers(table);
  }
  prefer(queue_[0].schema_out);
  for (const DefinedSequence& sequence : definitions_.sequences) set_sequence(sequence);
  for (const DefinedView& view : definitions_.views) make_view(view);
  for (const MigratedTable& table : queue_) marks_.save_finished(table);
  return left_out;
}

void MigrateTarget::make_foreign_keys(const DefinedTable& table, std::vector<std::string>& left_out) {
  for (const DefinedConstraint& constraint : table.constraints) {
    if (!constraint.is_foreign || has_constraint(out(table), constraint.name)) continue;
    const auto to = std::ranges::find(definitions_.tables, constraint.to, &DefinedTable::id);
    if (to == definitions_.tables.end() && kind(schema_out(queue_, constraint.to_schema), constraint.to_name).empty()) {
      left_out.push_back(fmt::format("foreign key `{}` of `{}`: the file doesn't have `{}`", constraint.name,
                                     table.name, constraint.to_name));
      continue;
    }
    target_.execute(fmt::format("alter table {} add constraint {} {}", out(table), sql::identifier(constraint.name),
                                constraint.definition));
  }
}

void MigrateTarget::make_triggers(const DefinedTable& table) {
  for (const DefinedTrigger& trigger : table.triggers) {
    if (is_there("select from pg_trigger where tgrelid = $1::regclass and tgname = $2", {out(table), trigger.name}))
      continue;
    target_.execute(trigger.definition);
    if (trigger.is_disabled)
      target_.execute(fmt::format("alter table {} disable trigger {}", out(table), sql::identifier(trigger.name)));
  }
}

void MigrateTarget::make_view(const DefinedView& view) {
  const std::string schema = schema_out(queue_, view.schema);
  if (!kind(schema, view.name).empty()) return;
  require_schema(target_, schema);
  target_.execute(fmt::format("create {}view {}{} as {}", view.is_materialized ? "materialized " : "",
                              quoted_table(schema, view.name),
                              view.options.empty() ? "" : fmt::format(" with ({})", view.options), view.definition));
  for (const DefinedIndex& index : view.indexes) make_index(schema, index);
}

// Behind the source's last value, and behind the greatest that came along.
void MigrateTarget::set_sequence(const DefinedSequence& sequence) {
  const auto owner = std::ranges::find(definitions_.tables, sequence.owner, &DefinedTable::id);
  std::string name = quoted_table(schema_out(queue_, sequence.schema), sequence.name), greatest = "null::bigint";
  if (owner != definitions_.tables.end()) {
    const Values values = {out(*owner), sequence.column};
    const PostgresRows own = target_.query("select pg_get_serial_sequence($1, $2)", values);
    if (own.rows.at(0)[0]) name = *own.rows[0][0];
    greatest = fmt::format("(select max({})::bigint from {})", sql::identifier(sequence.column), out(*owner));
  }
  const Values values = {name, sequence.last_value};
  target_.query(fmt::format("select setval(q.seqrelid::regclass, v.last) from pg_sequence q cross join lateral (select "
                            "case when q.seqincrement > 0 "
                            "then greatest($2::bigint, {0}, pg_sequence_last_value(q.seqrelid)) else "
                            "coalesce($2::bigint, pg_sequence_last_value(q.seqrelid)) end as last) v "
                            "where q.seqrelid = to_regclass($1) and v.last between q.seqmin and q.seqmax",
                            greatest),
                values);
}

}  // namespace lochan
