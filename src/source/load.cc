#include "source/load.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "engine/compaction.h"
#include "project/rejected_name.h"
#include "source/asked_together.h"
#include "source/raw_table.h"

namespace lochan {
namespace {

const std::string kResetWrite = "reset preserve_insertion_order; reset partitioned_write_flush_threshold";

// While the rows of a first load go straight to the lake: their order says nothing, so threads need not wait for one another, and
// fewer rows wait in memory for a file's next row group.
class StraightWrite {
 public:
  explicit StraightWrite(Session& session) : session_(session) {
    session_.execute("set preserve_insertion_order = false; set partitioned_write_flush_threshold = 122880");
  }
  ~StraightWrite() {
    try {
      session_.execute(kResetWrite);
    } catch (const std::exception&) {
      // The session is of no more use after what was thrown, or set right by who goes on with it.
    }
  }
  StraightWrite(const StraightWrite&) = delete;
  StraightWrite& operator=(const StraightWrite&) = delete;

 private:
  Session& session_;
};

// How far the table was read from the connection before.
Cursor cursor_of(const LoadRequest& request, const SourceTable& table) {
  const std::optional<Entry>& current = request.current.at(table.table());
  if (!current) return {};
  const auto property = current->properties.find("lochan.cursor");
  if (property == current->properties.end()) return {};
  const auto cursors = parse_cursors(property->second);
  const auto cursor = cursors.find(request.connection.name);
  return cursor == cursors.end() ? Cursor{} : cursor->second;
}

// Up to here, handing pieces of the work to other threads costs more than it brings.
constexpr std::int64_t kFewRows = 50'000;

bool is_little(const LoadRequest& request, const TableName& table) {
  if (!request.current.at(table)) return true;
  const auto size = request.sizes.find(table);
  return size != request.sizes.end() && size->second.records <= kFewRows;
}

// One table of one connection, within the attempt's transaction.
class TableLoad {
 public:
  TableLoad(Session& session, Source& source, const LoadRequest& request, const SourceTable& table)
      : session_(session), source_(source), request_(request), table_(table), current_(request.current.at(table.table())),
        name_(raw_name(session, table)) {
    for (const LocatedText& column : table.key) key_.push_back(*column);
  }

  LoadedTable run() {
    const Stream stream = source_.describe(table_, current_ ? std::span<const Column>(current_->columns) : std::span<const Column>());
    require_key(stream);
    LoadedTable loaded = load_rows(stream);
    if (is_reconciled(table_))
      loaded.totals = told([&] { return source_.totals(session_, table_, reconciled_columns(table_, stream.columns)); });
    return loaded;
  }

 private:
  LoadedTable load_rows(const Stream& stream) {
    LoadedTable loaded;
    loaded.table = table_.table();
    loaded.added_columns = prepare_raw_table(session_, table_, stream.columns, current_);
    loaded.changed = !current_ || !loaded.added_columns.empty();
    const Extract extract = told([&] { return source_.extract(session_, table_, reached_before()); });
    loaded.reached = extract.reached;
    if (extract.surely_nothing && extract.keys.empty()) {
      if (extract.may_stay && !loaded.changed) loaded.reached = reached_before();
      return loaded;
    }
    for (const Column& column : stream.columns) columns_.push_back(column.name);
    loaded.bytes_read = extract.size_bytes;
    may_be_archived_ = may_be_archived(stream, extract);
    if (may_be_archived_) archived_files_ = request_.archived.at(table_.table()).files();
    if (!is_little(extract)) request_.need_threads();
    if (is_first() && !request_.quarantine.contains(table_.table()) && extract.refused.empty()) {
      loaded.rows_read = loaded.rows_written = write_first(extract, stream);
    } else {
      loaded.rows_read = stage(extract, "lochan_read");
      refuse(stream.columns, extract, loaded);
      if (!key_.empty() && !is_unique_at(stream)) require_single_keys("lochan_read");
      loaded.rows_written = key_.empty() && table_.load == LoadMode::Full ? replace() : append(extract);
      session_.execute("drop table lochan_read");
    }
    loaded.changed = loaded.changed || loaded.rows_written > 0 || replaced_;
    if (extract.may_stay && (loaded.rows_read == 0 || extract.is_whole) && !loaded.changed) loaded.reached = reached_before();
    return loaded;
  }

  Cursor reached_before() const { return cursor_of(request_, table_); }

  void require_key(const Stream& stream) const {
    for (const LocatedText& key : table_.key) {
      if (std::ranges::find(stream.columns, *key, &Column::name) != stream.columns.end()) continue;
      std::vector<std::string> names;
      for (const Column& column : stream.columns) names.push_back(column.name);
      throw Error(ErrorKind::Data, fmt::format("no column `{}` in `{}` to be the key", *key, table_.from))
          .at(key.position)
          .hint(fmt::format("there are {}", fmt::join(names, ", ")));
    }
  }

  // Whether the log has no row of this connection: then there is nothing to compare with.
  bool is_first() {
    if (may_be_archived_) return false;
    return !current_ ||
           (reached_before().empty() && session_.query(fmt::format("select count(*) from (select 1 from {} limit 1)", log())).integer() == 0);
  }

  // Whether what is read can equal a row that is in the archive and no longer in the table. Versions that loads compare with
  // stay in their table (run/aging.h), so that is seldom: when all is read anew, a file changed, or the cursor looks far back.
  bool may_be_archived(const Stream& stream, const Extract& extract) {
    const auto archived = request_.archived.find(table_.table());
    if (archived == request_.archived.end() || archived->second.days.empty()) return false;
    if (reached_before().empty()) return true;
    if (key_.empty() && !extract.again.empty()) return true;
    const auto highest = archived->second.cursors.find(request_.connection.name);
    if (highest == archived->second.cursors.end()) return false;
    if (!table_.cursor || table_.load == LoadMode::Full || table_.deletes == SourceDeletes::Detect || extract.within.empty()) return true;
    const auto column = std::ranges::find(stream.columns, **table_.cursor, &Column::name);
    if (column == stream.columns.end()) return true;
    return session_.query(fmt::format("select count(*) from (select try_cast({} as {}) as {}) where {}", sql::literal(highest->second),
                                      column->type, sql::identifier(column->name), extract.within))
               .integer() > 0;
  }

  // As the rows come, without room for them in between.
  std::int64_t write_first(const Extract& extract, const Stream& stream) {
    const std::int64_t rows = told([&] {
      const StraightWrite straight(session_);
      return insert(fmt::format("select {} from ({})", sql::identifiers(columns_), extract.select), false);
    });
    if (!key_.empty() && !is_unique_at(stream)) require_single_keys(log());
    return rows;
  }

  bool is_unique_at(const Stream& stream) const {
    return stream.is_key_unique && std::ranges::all_of(stream.key, [&](const std::string& column) {
      return std::ranges::find(key_, column) != key_.end();
    });
  }

  bool is_little(const Extract& extract) const {
    const bool reads_little = extract.is_little || (extract.rows && *extract.rows <= kFewRows && extract.keys.empty());
    return reads_little && !may_be_archived_ && lochan::is_little(request_, table_.table());
  }

  // What the source gives, read once.
  std::int64_t stage(const Extract& extract, std::string_view name) {
    return told([&] {
      return session_.execute(fmt::format("create or replace temp table {} as select {} from ({})", name, sql::identifiers(columns_), extract.select));
    });
  }

  // Rows that a check refuses go to the table's log. What raw tables add to a row is there for the checks.
  void refuse(const std::vector<Column>& columns, const Extract& extract, LoadedTable& loaded) {
    const auto quarantine = request_.quarantine.find(table_.table());
    const RawQuarantine none;
    const RawQuarantine& by = quarantine == request_.quarantine.end() ? none : quarantine->second;
    if (by.rules.empty() && !by.has_log && extract.refused.empty()) return;
    const std::string at = to_string(request_.loaded_at);
    const std::string also = fmt::format("{} as _source, {}::timestamptz as _loaded_at, {}::bigint as _run, false as _deleted, {}::date as dt",
                                         sql::literal(request_.connection.name), sql::literal(at), request_.run,
                                         sql::literal(at.substr(0, 10)));
    const bool is_of_files = std::ranges::find(extract.notes, "_file") != extract.notes.end();
    const std::string position = is_of_files ? "_file" : key_position(key_);
    Refused refused(session_);
    if (!extract.refused.empty()) refused.add("select *, null::varchar as record_key from (" + extract.refused + ")");
    loaded.rows_read += refused.count();
    refused.take_failing("lochan_read", columns, by.rules, key_, position, also, {{"run_at", {"TIMESTAMPTZ", at}}});
    const bool is_whole = extract.is_whole && table_.load == LoadMode::Full;
    require_within(table_.max_rejected, refused, loaded.rows_read, is_whole, to_string(table_.table()), table_.position);
    const TableName log_table = rejected_table(table_.table());
    loaded.log_changed = log_refused(refused, {sql::identifier(session_.lake()) + "." + quoted(log_table), by.has_log,
                                               request_.connection.name, at, request_.run, covered(extract)});
    loaded.rows_rejected = refused.count();
    if (refused.count() == 0 || key_.empty()) return;
    std::vector<Column> key;
    for (const std::string& name : key_) key.push_back(*std::ranges::find(columns, name, &Column::name));
    given_ = fmt::format("(select {} from lochan_read union all select {} from lochan_refused where record_key is not null)", sql::identifiers(key_),
                         payload_values(key));
    has_unknown_keys_ = !extract.refused.empty();
  }

  // Which open records the load read anew: those of its keys, without a key those of its files; of records without a key that
  // could be read, too.
  std::string covered(const Extract& extract) const {
    if (extract.is_whole) return "true";
    std::string of_files = "false";
    if (!extract.files.empty()) {
      std::vector<std::string> names;
      for (const std::string& file : extract.files) names.push_back(sql::literal(file));
      of_files = fmt::format("(position in ({0}) or regexp_replace(position, ':[0-9]+$', '') in ({0}))", fmt::join(names, ", "));
    }
    if (key_.empty()) return of_files;
    return fmt::format("(record_key in (select {} from lochan_read union all select record_key from lochan_refused where record_key is not null) "
                       "or (record_key is null and {}))", record_key(key_), of_files);
  }

  // What the engine met while it read the source, as people of this source say it.
  template <typename Work>
  auto told(Work&& work) -> decltype(work()) {
    try {
      return work();
    } catch (const Error& error) {
      throw source_.explain(error);
    }
  }

  // Of two rows with one key in one load nothing says which is the last version.
  void require_single_keys(const std::string& rows) {
    const Rows twice = session_.query(
        fmt::format("select {0}, count(*) from {1} group by {0} having count(*) > 1 order by {0} limit 1", sql::identifiers(key_), rows));
    if (twice.empty()) return;
    std::vector<std::string> values;
    for (std::size_t i = 0; i < key_.size(); ++i)
      values.push_back(fmt::format("{} = {}", key_[i], twice.rows[0][i].value_or("null")));
    throw Error(ErrorKind::Data, fmt::format("`{}` has {} rows with the key {}", table_.from, *twice.rows[0].back(),
                                             fmt::join(values, ", ")))
        .at(table_.position)
        .hint("name the columns that tell its rows apart as `key`, or leave `key` out");
  }

  // The rows of the log that came from this connection.
  std::string log(const std::string& where = "") const {
    return fmt::format("(select * from {} where _source = {}{})", may_be_archived_ ? with_archived() : name_,
                       sql::literal(request_.connection.name), where.empty() ? "" : " and " + where);
  }

  // As if nothing had left the table.
  std::string with_archived() const {
    const ArchivedRows& archived = request_.archived.at(table_.table());
    std::vector<std::string> files, days;
    for (const std::string& file : archived_files_) files.push_back(sql::literal(file));
    for (const std::string& day : archived.days) days.push_back("date " + sql::literal(day));
    return fmt::format("(select * from {} where {} not in ({}) union all by name select * from read_parquet([{}], union_by_name = true, "
                       "hive_partitioning = false))",
                       name_, kRawPartition, fmt::join(days, ", "), fmt::join(files, ", "));
  }

  // The last version of each key, as far as it can equal a row that was read.
  std::string last_versions(const Extract& extract) const {
    // Where nothing else says which rows of the log can equal one that was read, the keys do.
    const bool by_keys = !extract.select.empty() && !extract.is_whole && extract.within.empty();
    const std::string of_interest = by_keys ? fmt::format(" l semi join lochan_read r on {}", same(key_)) : "";
    return fmt::format("(select * from {}{} qualify row_number() over (partition by {} order by _loaded_at desc) = 1)",
                       log(extract.within), of_interest, sql::identifiers(key_, by_keys ? "l." : ""));
  }

  std::string same(std::span<const std::string> columns) const {
    std::vector<std::string> parts;
    for (const std::string& column : columns)
      parts.push_back(fmt::format("r.{0} is not distinct from l.{0}", sql::identifier(column)));
    return fmt::format("{}", fmt::join(parts, " and "));
  }

  std::vector<std::string> compared_columns(const Extract& extract) const {
    std::vector<std::string> compared;
    for (const std::string& column : columns_)
      if (std::ranges::find(extract.notes, column) == extract.notes.end()) compared.push_back(column);
    return compared;
  }

  std::int64_t insert(const std::string& rows, bool deleted) {
    return session_.execute(fmt::format(
        "insert into {0} ({1}, _source, _loaded_at, _run, _deleted, dt) select {1}, {2}, {3}::timestamptz, {4}, {5}, {6}::date from ({7})",
        name_, sql::identifiers(columns_), sql::literal(request_.connection.name), sql::literal(to_string(request_.loaded_at)),
        request_.run, deleted, sql::literal(to_string(request_.loaded_at).substr(0, 10)), rows));
  }

  std::int64_t append(const Extract& extract) {
    const std::string read = fmt::format("select {} from lochan_read", sql::identifiers(columns_));
    if (key_.empty())
      return insert(fmt::format("{} except all select {} from {}", read, sql::identifiers(columns_), log(extract.within)), false);
    std::int64_t rows = insert(fmt::format("select {} from lochan_read r anti join {} l on {} and not l._deleted",
                                           sql::identifiers(columns_, "r."), last_versions(extract), same(compared_columns(extract))),
                               false);
    if (has_unknown_keys_) return rows;
    if (extract.is_whole && (table_.load == LoadMode::Full || table_.deletes == SourceDeletes::Detect)) {
      rows += mark_gone(given_);
    } else if (!extract.keys.empty()) {
      told([&] {
        return session_.execute(fmt::format("create or replace temp table lochan_keys as select {} from ({})", sql::identifiers(key_), extract.keys));
      });
      rows += mark_gone("lochan_keys");
      session_.execute("drop table lochan_keys");
    }
    return rows;
  }

  // A version that says so for each key whose last one lives, and which isn't among these, all that there are at the source.
  std::int64_t mark_gone(std::string_view there) {
    return insert(fmt::format("select {} from {} l anti join {} r on {} where not l._deleted", sql::identifiers(columns_, "l."),
                              last_versions({}), there, same(key_)),
                  true);
  }

  // Without a key nothing says which row is which: the connection's rows are exchanged, and only when they differ.
  std::int64_t replace() {
    const std::string read = fmt::format("select {} from lochan_read", sql::identifiers(columns_));
    const std::string there = fmt::format("select {} from {}", sql::identifiers(columns_), log());
    const std::int64_t differing =
        session_.query(fmt::format("select (select count(*) from ({0} except all {1})) + (select count(*) from ({1} except all {0}))", read, there))
            .integer();
    if (differing == 0) return 0;
    replaced_ = true;
    session_.execute(fmt::format("delete from {} where _source = {}", name_, sql::literal(request_.connection.name)));
    return insert(read, false);
  }

  Session& session_;
  Source& source_;
  const LoadRequest& request_;
  const SourceTable& table_;
  const std::optional<Entry>& current_;
  const std::string name_;
  std::vector<std::string> key_;
  std::vector<std::string> columns_;
  std::string given_ = "lochan_read";  // the keys that the source gave, refused ones too: those are not gone
  bool has_unknown_keys_ = false;  // records that could not be read: any key may be theirs, so none is taken for gone
  bool replaced_ = false;
  bool may_be_archived_ = false;
  std::vector<std::string> archived_files_;  // then
};

// Detaches whatever the attempt attached.
class Opened {
 public:
  Opened(Source& source, Session& session) : source_(source), session_(session) { source_.open(session_); }
  ~Opened() { source_.close(session_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  Source& source_;
  Session& session_;
};

constexpr std::size_t kKeysAtOnce = 1000;

// Of each key, as texts, whether the table has a row of it from this connection. A table that is loaded anew has none.
std::vector<bool> find_keys(Session& session, const LoadRequest& request, const SourceTable& table,
                            const std::vector<LandingSource::Key>& keys) {
  std::vector<bool> found(keys.size());
  if (keys.empty() || cursor_of(request, table).empty()) return found;
  const std::vector<Column>& columns = request.current.at(table.table())->columns;
  std::vector<std::string> names{"number bigint"}, same;
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    const auto column = std::ranges::find(columns, *table.key[i], &Column::name);
    if (column == columns.end()) return found;
    names.push_back(fmt::format("k{} varchar", i));
    same.push_back(fmt::format("try_cast(a.k{} as {}) = l.{}", i, column->type, sql::identifier(column->name)));
  }
  session.execute(fmt::format("create or replace temp table lochan_asked ({})", fmt::join(names, ", ")));
  for (std::size_t from = 0; from < keys.size(); from += kKeysAtOnce) {
    std::vector<std::string> rows;
    for (std::size_t at = from; at < std::min(keys.size(), from + kKeysAtOnce); ++at) {
      std::vector<std::string> values{std::to_string(at)};
      for (const std::string& value : keys[at]) values.push_back(sql::literal(value));
      rows.push_back(fmt::format("({})", fmt::join(values, ", ")));
    }
    session.execute(fmt::format("insert into lochan_asked values {}", fmt::join(rows, ", ")));
  }
  const Rows there = session.query(fmt::format(
      "select a.number from lochan_asked a semi join (select * from {} where _source = {} and not _deleted) l on {}",
      raw_name(session, table), sql::literal(request.connection.name), fmt::join(same, " and ")));
  for (const auto& row : there.rows) found[std::stoul(*row[0])] = true;
  session.execute("drop table lochan_asked");
  return found;
}

void land_first(Session& session, Source& source, const LoadRequest& request) {
  auto* lands = dynamic_cast<LandingSource*>(&source);
  if (lands == nullptr) return;
  if (request.landing == nullptr) throw Error(ErrorKind::Internal, "a source that lands what it receives has no place for it");
  std::vector<LandingSource::Table> tables;
  for (const SourceTable* table : request.tables)
    tables.push_back({table, cursor_of(request, *table),
                      [&session, &request, table](const auto& keys) { return find_keys(session, request, *table, keys); }});
  lands->land(*request.landing, tables);
}

void ask_first(Source& source, const LoadRequest& request) {
  auto* together = dynamic_cast<AskedTogether*>(&source);
  if (together == nullptr) return;
  std::vector<AskedTogether::Table> tables;
  for (const SourceTable* table : request.tables) tables.push_back({table, cursor_of(request, *table)});
  together->ask_for(tables);
}

std::vector<LoadedTable> load_once(Session& session, Source& source, const LoadRequest& request) {
  return session.transaction([&] {
    std::vector<LoadedTable> tables;
    for (const SourceTable* table : request.tables) tables.push_back(TableLoad(session, source, request, *table).run());
    source.confirm();
    return tables;
  });
}

}  // namespace

std::vector<LoadedTable> load(Session& session, Source& source, const LoadRequest& request) {
  land_first(session, source, request);
  std::vector<LoadedTable> loaded = [&] {
    const Opened opened(source, session);
    ask_first(source, request);
    for (;;) {
      try {
        return load_once(session, source, request);
      } catch (const Error& error) {
        // What the engine could not read has ended its transaction. Each time there is less that it can't read.
        if (error.kind() != ErrorKind::Data || !source.set_aside()) throw;
      }
      session.execute(kResetWrite);
    }
  }();
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    const bool has_files = request.current.at(loaded[i].table).has_value() && loaded[i].rows_written > 0;
    const auto quarantine = request.quarantine.find(loaded[i].table);
    if (loaded[i].log_changed && !request.is_immutable && quarantine != request.quarantine.end() && quarantine->second.has_log)
      compact(session, sql::identifier(session.lake()) + "." + quoted(rejected_table(loaded[i].table)), "");
    if (!has_files || request.is_immutable || !request.may_be_worth_compacting(loaded[i].table)) continue;
    if (!is_little(request, loaded[i].table)) request.need_threads();
    compact(session, raw_name(session, *request.tables[i]), std::string(kRawPartition));
  }
  return loaded;
}

std::map<std::string, Cursor> parse_cursors(const std::string& property) {
  std::map<std::string, Cursor> cursors;
  const Json json = Json::parse(property, nullptr, false);
  if (!json.is_object()) return cursors;
  for (const auto& [connection, cursor] : json.items())
    if (cursor.is_string()) cursors[connection] = Cursor{cursor.get<std::string>()};
  return cursors;
}

std::string cursors_property(const std::map<std::string, Cursor>& cursors) {
  Json json = Json::object();
  for (const auto& [connection, cursor] : cursors) json[connection] = cursor.text;
  return json.dump();
}

}  // namespace lochan
