#include "sink/postgres_carry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"
#include "sink/binary_rows.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestName = 63;  // of PostgreSQL, in bytes

PostgresName target_name(const SinkTable& table, const std::string& schema) {
  const auto dot = table.to.find('.');
  return dot == std::string::npos ? PostgresName{schema, table.to}
                                  : PostgresName{table.to.substr(0, dot), table.to.substr(dot + 1)};
}

// A version of a row is named by its key and when it began.
std::vector<std::string> key_of(const SinkTable& table) {
  std::vector<std::string> key;
  for (const LocatedText& column : table.key) key.push_back(*column);
  if (table.write == SinkWrite::Scd2) key.emplace_back("valid_from");
  return key;
}

// What the session keeps between its statements; gone at the next table.
constexpr const char* kChanges = "temp.main.lochan_changes";

constexpr std::int64_t kLargeTable = 10'000;

// The columns of a table that another made, to which a sink adds.
class TargetColumns {
 public:
  TargetColumns(const TargetTable& target, PostgresConnection& connection, const SinkTable& table)
      : name_(target.name().quoted()), position_(table.position) {
    if (!target.exists())
      throw Error(ErrorKind::NotFound, fmt::format("`{}` isn't there, and `fields: add` makes no table", name_))
          .at(position_)
          .hint("make it there, or remove `fields`");
    const auto found = connection.query(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = to_regclass($1) and attnum > 0 "
        "and not attisdropped order by attnum",
        std::vector<PostgresValue>{name_});
    for (const auto& row : found.rows) {
      types_[*row[0]] = *row[1];
      names_.push_back(*row[0]);
    }
  }

  void require(const std::string& column) const {
    if (!types_.contains(column))
      throw Error(ErrorKind::NotFound, fmt::format("`{}` has no column `{}` to set", name_, column))
          .at(position_)
          .hint(text::did_you_mean(column, names_, fmt::format("its columns are {}", fmt::join(names_, ", "))));
  }
  const std::string& type(const std::string& column) const { return types_.at(column); }

 private:
  std::string name_;
  Position position_;
  std::map<std::string, std::string> types_;
  std::vector<std::string> names_;
};

}  // namespace

PostgresCarry::PostgresCarry(PostgresConnection& connection, PostgresMarks& marks, Session& session,
                             const CarryRequest& request, const CarryTable& table, const std::string& schema)
    : connection_(connection),
      marks_(marks),
      session_(session),
      request_(request),
      carry_(table),
      key_(key_of(*table.table)),
      partition_(range_partition_of(*table.table)),
      declarations_(declarations_of(*table.table, key_)),
      target_(connection, target_name(*table.table, schema), partition_ ? 'p' : 'r'),
      mark_(marks.find(mark_name())) {
  for (const Column& column : table.columns) {
    if (column.name.size() > kLongestName)
      throw Error(ErrorKind::Data, fmt::format("column `{}` of `{}` has a longer name than PostgreSQL allows: {} bytes",
                                               column.name, to_string(table.table->table), kLongestName))
          .at(table.table->position)
          .hint("give it a shorter one in a model");
    columns_.push_back(postgres_column(column));
  }
  for (const std::string& column : key_)
    if (std::ranges::find(columns_, column, &TargetColumn::name) == columns_.end())
      throw Error(ErrorKind::Data, fmt::format("no column `{}` in `{}`", column, to_string(table.table->table)))
          .at(table.table->position)
          .hint(text::did_you_mean(column, names(), fmt::format("its columns are {}", fmt::join(names(), ", "))));
  carried_.table = table.table->table;
  carried_.publication = request.publication;
  carried_.data_version = table.data_version;
}

std::vector<std::string> PostgresCarry::names() const {
  std::vector<std::string> result;
  for (const TargetColumn& column : columns_) result.push_back(column.name);
  return result;
}

// Several sinks may add columns to one table of another.
std::string PostgresCarry::mark_name() const {
  const std::string name = target_.name().quoted();
  return is_added() ? fmt::format("{}.{}", name, sql::identifier(request_.sink->name)) : name;
}

void PostgresCarry::refuse_foreign() const {
  const std::string name = target_.name().quoted();
  if (mark_ && mark_->project != request_.project)
    throw Error(ErrorKind::Data, fmt::format("`{}` is written by sink `{}` of project `{}`", name, mark_->sink, mark_->project))
        .at(carry_.table->position)
        .hint("give one of the two another schema, or the table another name: `to: name`");
  if (!mark_ && target_.exists() && !carry_.was_carried && !is_added())
    throw Error(ErrorKind::Data, fmt::format("`{}` is there, and this project didn't make it", name))
        .at(carry_.table->position)
        .hint("drop or rename it there, or give the table another name: `to: name`");
}

// PostgreSQL can't partition a table in another way.
void PostgresCarry::refuse_other_partitions() const {
  if (!partition_ || !mark_) return;
  for (const Declaration& before : parse_declarations(mark_->declarations))
    if (before[0] == "partition" && !declarations_.contains(before))
      throw Error(ErrorKind::Data, fmt::format("`{}` is partitioned by `{}` there, and by `{}({})` here", target_.name().quoted(), before[1],
                                               partition_->unit, partition_->column))
          .at(carry_.table->position)
          .hint("drop the table there: the next run makes it anew");
}

// Not so when a run that planned later was first.
bool PostgresCarry::is_behind() const {
  return !mark_ || mark_->publication <= request_.publication ||
         !request_.rows_at(carry_.table->table, mark_->publication, mark_->data_version);
}

void PostgresCarry::write() {
  refuse_foreign();
  if (!is_added() && target_.exists()) refuse_other_partitions();
  if (is_added()) {
    add_columns();
  } else if (!target_.exists()) {
    require_schema(connection_, target_.name().schema);
    mark_.reset();
    write_whole();
  } else if (!is_behind()) {
    carried_.publication = mark_->publication;
    carried_.data_version = mark_->data_version;
    rows_ = mark_->rows;
  } else {
    write_new_rows();
  }
}

// The table is another's: rows neither come nor go. All rows are compared with it, so what somebody changed by hand is set
// right; of keys that are gone from the lake the columns become null.
void PostgresCarry::add_columns() {
  TargetColumns there(target_, connection_, *carry_.table);
  for (const TargetColumn& column : columns_) there.require(column.name);
  const bool is_same = mark_ && mark_->source == to_string(carry_.table->table);
  const bool is_done = is_same && mark_->identity == target_.identity() && mark_->data_version == carry_.data_version &&
                       mark_->declarations == declarations_text(declarations_);
  if (!is_behind() || (is_done && !request_.in_full)) {
    if (!is_behind()) carried_.publication = mark_->publication;
    carried_.data_version = mark_->data_version;
    rows_ = mark_->rows;
    return;
  }
  carried_.changed = true;
  if (is_same) rows_then_ = request_.rows_at(carry_.table->table, mark_->publication, mark_->data_version);
  std::vector<std::string> set, is, wanted, clear, none;
  for (const TargetColumn& column : columns_) {
    if (std::ranges::find(key_, column.name) != key_.end()) continue;
    const std::string name = sql::identifier(column.name), &type = there.type(column.name);
    set.push_back(fmt::format("{0} = s.{0}::{1}", name, type));
    is.push_back("t." + name);
    wanted.push_back(fmt::format("s.{}::{}", name, type));
    clear.push_back(name + " = null");
    none.push_back("null::" + type);
  }
  const auto update = [&](const std::string& stage, const std::vector<std::string>& sets, const std::vector<std::string>& values) {
    return connection_.execute(fmt::format("update {} t set {} from {} s where {} and ({}) is distinct from ({})",
                                           target_.name().quoted(), fmt::join(sets, ", "), stage, key_condition(),
                                           fmt::join(is, ", "), fmt::join(values, ", ")));
  };
  carried_.rows_written = update(stage(carry_.rows, names(), "all"), set, wanted);
  if (!rows_then_) return;
  find_gone(*rows_then_);
  if (count(kChanges) > 0) carried_.rows_removed = update(stage(kChanges, key_, "gone"), clear, none);
}

void PostgresCarry::write_new_rows() {
  const std::string declared = declarations_text(declarations_);
  is_as_left_ = mark_ && mark_->identity == target_.identity() && mark_->source == to_string(carry_.table->table) &&
                !request_.in_full;
  const Declarations before = is_as_left_ ? parse_declarations(mark_->declarations) : Declarations{};
  // Rows that were written by another key are looked for among all.
  const bool has_same_key = std::ranges::all_of(declarations_, [&](const Declaration& declaration) {
    return declaration[0] != "key" || before.contains(declaration);
  });
  is_as_left_ = is_as_left_ && has_same_key;
  if (is_as_left_ && mark_->data_version == carry_.data_version) {
    rows_ = mark_->rows;
    if (mark_->declarations == declared) return;
  } else {
    carried_.changed = true;
  }
  if (is_as_left_)
    rows_then_ = request_.rows_at(carry_.table->table, mark_->publication, mark_->data_version);
  if (!carried_.changed) {
    target_.declare(before, declarations_);
    carried_.changed = true;
    return;
  }
  if (carry_.table->write == SinkWrite::Replace) {
    if (rows_then_ && is_same_as(*rows_then_))
      carried_.changed = false;
    else
      write_whole();
    return;
  }
  // The lake's columns are what they were: somebody altered the table, and what it has lost is known by comparing all.
  if (target_.evolve(columns_) && rows_then_) {
    is_as_left_ = false;
    rows_then_.reset();
  }
  target_.declare(before, declarations_);
  if (carry_.table->write == SinkWrite::Append)
    append();
  else
    merge(rows_then_);
}

std::int64_t PostgresCarry::count(const std::string& rows) {
  return session_.query(fmt::format("select count(*) from {}", rows)).integer();
}

bool PostgresCarry::is_same_as(const std::string& before) {
  if (count(before) != carry_.row_count) return false;
  return session_
             .query(fmt::format("select count(*) from (select 1 from (from {} except all from {}) limit 1)", carry_.rows,
                                before))
             .integer() == 0;
}

void PostgresCarry::make_room_for(const std::string& rows) {
  if (!partition_) return;
  const auto column = std::ranges::find(columns_, partition_->column, &TargetColumn::name);
  make_partitions(connection_, target_.name(), *partition_, column->type, session_, rows);
  target_.look();
}

void PostgresCarry::make(TargetTable& table, bool is_frozen) {
  make_room_for(carry_.rows);
  carried_.rows_written = copy(table.name().quoted(), carry_.rows, names(), is_frozen ? ", freeze" : "");
  rows_ = carried_.rows_written;
}

// A table made anew beside the old one and swapped in, unless something hangs on the old one.
void PostgresCarry::write_whole() {
  carried_.changed = true;
  const Declarations before = mark_ ? parse_declarations(mark_->declarations) : Declarations{};
  if (!target_.exists()) {
    target_.create(columns_, partition_ ? partition_clause(*partition_) : "");
    make(target_, !partition_);  // a partitioned table takes no frozen rows
    target_.declare({}, declarations_);
  } else if (target_.may_be_swapped(before, declarations_)) {
    const std::string name = fmt::format("lochan_{}", sha256(target_.name().quoted()).substr(0, 16));
    beside_ = std::make_unique<TargetTable>(connection_, PostgresName{target_.name().schema, name});
    beside_->create(columns_);
    make(*beside_, true);
    beside_->declare({}, declarations_);
  } else {
    target_.evolve(columns_);
    carried_.rows_removed = connection_.execute("delete from " + target_.name().quoted());
    make(target_, false);
    target_.declare(before, declarations_);
  }
}

// Of a log all rows that came later than those that are there. When some of those are gone from the lake, it is no longer
// that log.
bool PostgresCarry::append_by_loaded_at() {
  if (carry_.loaded_at.empty() || mark_->loaded_at.empty()) return false;
  const std::string instant = fmt::format("{}::timestamptz", sql::literal(mark_->loaded_at));
  if (count(fmt::format("{} where _loaded_at <= {}", carry_.rows, instant)) != mark_->rows) return false;
  make_room_for(fmt::format("(from {} where _loaded_at > {})", carry_.rows, instant));
  carried_.rows_written = copy(target_.name().quoted(),
                               fmt::format("(from {} where _loaded_at > {})", carry_.rows, instant), names());
  rows_ = mark_->rows + carried_.rows_written;
  carried_.changed = carried_.rows_written > 0;
  return true;
}

void PostgresCarry::append() {
  if (!is_as_left_) return write_whole();
  if (append_by_loaded_at()) return;
  if (!rows_then_) return write_whole();
  session_.execute(fmt::format("create or replace temp table lochan_changes as from {} except all from {}", carry_.rows,
                               *rows_then_));
  if (count(*rows_then_) + count(kChanges) != carry_.row_count) return write_whole();
  make_room_for(kChanges);
  carried_.rows_written = copy(target_.name().quoted(), kChanges, names());
  carried_.changed = carried_.rows_written > 0;
}

// Rows that are not in `before` just so. False when they are the most of a large table and one made anew would do as well:
// it costs the server a third of what changing each row does, and leaves no dead rows behind.
bool PostgresCarry::find_changes(const std::string& before) {
  std::vector<std::string> same;
  for (const TargetColumn& column : columns_) same.push_back(fmt::format("n.{0} is not distinct from b.{0}", sql::identifier(column.name)));
  const std::int64_t rows = carry_.row_count;
  const Declarations declared = parse_declarations(mark_->declarations);
  const bool may_be_anew = rows >= kLargeTable && target_.is_as_made(columns_) && target_.may_be_swapped(declared, declarations_);
  session_.execute(fmt::format("create or replace temp table lochan_changes as select n.* from {} n anti join {} b on {}{}", carry_.rows,
                               before, fmt::join(same, " and "), may_be_anew ? fmt::format(" limit {}", rows / 2 + 1) : ""));
  return !may_be_anew || count(kChanges) <= rows / 2;
}

// By key: rows that differ from those that the target has, and keys that are gone. Without knowing those, all rows go
// there to be compared.
void PostgresCarry::merge(const std::optional<std::string>& before) {
  if (!before) {
    make_room_for(carry_.rows);
    return merge_stage(stage(carry_.rows, names(), "all"), "");
  }
  if (!find_changes(*before)) return write_whole();
  make_room_for(kChanges);
  const std::string changed = count(kChanges) == 0 ? "" : stage(kChanges, names(), "new");
  find_gone(*before);
  merge_stage(changed, count(kChanges) == 0 ? "" : stage(kChanges, key_, "gone"));
  if (carried_.rows_written == 0 && carried_.rows_removed == 0) carried_.changed = false;
}

// Keys that are in `before` and no longer in the table.
void PostgresCarry::find_gone(const std::string& before) {
  std::vector<std::string> same;
  for (const std::string& column : key_) same.push_back(fmt::format("b.{0} is not distinct from n.{0}", sql::identifier(column)));
  session_.execute(fmt::format("create or replace temp table lochan_changes as select {} from {} b anti join {} n on {}",
                               sql::identifiers(key_, "b."), before, carry_.rows, fmt::join(same, " and ")));
}

std::string PostgresCarry::key_condition() const {
  std::vector<std::string> same;
  for (const std::string& column : key_) same.push_back(fmt::format("t.{0} = s.{0}", sql::identifier(column)));
  return fmt::format("{}", fmt::join(same, " and "));
}

void PostgresCarry::merge_stage(const std::string& stage, const std::string& gone) {
  const std::string target = target_.name().quoted();
  const std::string condition = key_condition();
  if (!gone.empty())
    carried_.rows_removed = connection_.execute(fmt::format("delete from {} t using {} s where {}", target, gone, condition));
  if (stage.empty()) return;
  if (gone.empty() && !rows_then_)
    carried_.rows_removed = connection_.execute(
        fmt::format("delete from {} t where not exists (select 1 from {} s where {})", target, stage, condition));
  std::vector<std::string> sets, now, then;
  for (const TargetColumn& column : columns_) {
    if (std::ranges::find(key_, column.name) != key_.end()) continue;
    const std::string name = sql::identifier(column.name);
    sets.push_back(fmt::format("{0} = excluded.{0}", name));
    then.push_back("t." + name);
    now.push_back("excluded." + name);
  }
  const std::string columns = sql::identifiers(names());
  std::string update = sets.empty() ? "nothing" : fmt::format("update set {}", fmt::join(sets, ", "));
  // Rows of two publications that differ need no look at the target's.
  if (!sets.empty() && !rows_then_)
    update += fmt::format(" where ({}) is distinct from ({})", fmt::join(then, ", "), fmt::join(now, ", "));
  carried_.rows_written =
      connection_.execute(fmt::format("insert into {} as t ({}) select {} from {} on conflict ({}) do {}", target, columns,
                                      columns, stage, sql::identifiers(key_), update));
}

// A table of this transaction alone.
std::string PostgresCarry::stage(const std::string& rows, const std::vector<std::string>& columns, std::string_view what) {
  const std::string name = fmt::format("pg_temp.lochan_{}_{}", what, sha256(target_.name().quoted()).substr(0, 16));
  std::vector<std::string> lines;
  for (const TargetColumn& column : columns_)
    if (std::ranges::find(columns, column.name) != columns.end())
      lines.push_back(sql::identifier(column.name) + " " + column.type);
  connection_.execute(fmt::format("create temp table {} ({}) on commit drop", name.substr(8), fmt::join(lines, ", ")));
  copy(name, rows, columns, ", freeze");
  if (!rows_then_) connection_.execute("analyze " + name);  // it is joined with the whole target
  return name;
}

std::int64_t PostgresCarry::copy(const std::string& table, const std::string& rows,
                                 const std::vector<std::string>& columns, std::string_view options) {
  std::vector<std::string> selects;
  for (const std::string& name : columns)
    selects.push_back(std::ranges::find(columns_, name, &TargetColumn::name)->select);
  connection_.begin_copy(
      fmt::format("copy {} ({}) from stdin (format binary{})", table, sql::identifiers(columns), options));
  try {
    stream_binary_rows(session_, fmt::format("select {} from {}", fmt::join(selects, ", "), rows),
                       [&](std::string_view bytes) { connection_.send_copy(bytes); });
  } catch (const Error& error) {
    connection_.cancel_copy();
    throw explain(error, rows);
  }
  return connection_.finish_copy();
}

// A NUL byte, which PostgreSQL's texts don't have, is looked up for the user.
Error PostgresCarry::explain(const Error& error, const std::string& rows) {
  if (error.message().find("NULL-byte") == std::string::npos) return error;
  for (const TargetColumn& column : columns_) {
    if (!column.is_text) continue;
    const std::string name = sql::identifier(column.name);
    const Rows found = session_.query(fmt::format("select {} from {} where contains({}::varchar, chr(0)) limit 1",
                                                  key_.empty() ? "replace(" + name + "::varchar, chr(0), '\\0')"
                                                               : sql::identifiers(key_), rows, name));
    if (found.empty()) continue;
    std::vector<std::string> values;
    for (std::size_t i = 0; i < found.rows[0].size(); ++i)
      values.push_back(fmt::format("{} = {}", key_.empty() ? column.name : key_[i], found.rows[0][i].value_or("null")));
    return Error(ErrorKind::Data,
                 fmt::format("column `{}` of `{}` holds a NUL byte, which PostgreSQL has not, where {}", column.name,
                             to_string(carry_.table->table), fmt::join(values, ", ")))
        .at(carry_.table->position)
        .hint(fmt::format("take it out in a model: `replace({}, chr(0), '')`", column.name));
  }
  return error;
}

void PostgresCarry::finish() {
  if (beside_) target_.swap_in(*beside_);
  const bool is_new_mark = !mark_ || carried_.changed || mark_->data_version != carried_.data_version;
  if (!is_new_mark || carried_.publication != request_.publication) return;
  marks_.save({mark_name(), request_.project, request_.sink->name, to_string(carry_.table->table),
               carry_.data_version, request_.publication, carry_.loaded_at, rows_, target_.identity(),
               declarations_text(declarations_)});
}

}  // namespace lochan
