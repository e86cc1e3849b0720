// An SQLite database as a source. What is in it is asked of libsqlite3; rows come through the engine's sqlite
// extension, and there through `sqlite_query` only: a plain scan of an attached table opens a connection for each
// thread, so a table that is written to would be read in several states, and the extension's casts drop offsets of
// times and digits of decimals.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"
#include "source/column_cursor.h"
#include "source/kinds.h"
#include "source/server_table.h"
#include "source/sqlite_column.h"
#include "source/sqlite_file.h"

namespace lochan {
namespace {

class SqliteSource final : public Source {
 public:
  explicit SqliteSource(const Connection& connection)
      : name_(connection.name), path_(connection.location), database_("sqlite_" + random_uuid()) {}

  std::vector<Stream> discover() override {
    return told([&] {
      SqliteFile file(path_);
      std::vector<Stream> streams;
      for (const std::string& table : file.tables()) streams.push_back(stream(file, table, file.columns(table)));
      return streams;
    });
  }

  Stream describe(const SourceTable& table, std::span<const Column>) override {
    return told([&] {
      SqliteFile file(path_);
      const std::vector<SqliteColumn> columns = file.columns(table.from);
      if (columns.empty()) throw unknown_table(file, table);
      return stream(file, table.from, columns);
    });
  }

  std::optional<std::string> change_mark(std::span<const SourceTable* const>) override {
    return sqlite_change_mark(path_);
  }

  void open(Session& session) override {
    told([&] { SqliteFile file(path_); });
    session.load_extension("sqlite_scanner");
    session.execute(fmt::format("attach {} as {} (type sqlite, read_only, busy_timeout {})", sql::literal(path_),
                                sql::identifier(database_), SqliteFile::kBusyTimeout.count()));
  }

  void close(Session& session) noexcept override {
    try {
      session.execute(fmt::format("detach database if exists {}", sql::identifier(database_)));
    } catch (const std::exception&) {
      // The engine is going down, or was interrupted: it forgets the file by itself.
    }
  }

  Extract extract(Session& session, const SourceTable& table, const Cursor& from) override {
    const std::vector<SqliteColumn> columns = told([&] { return SqliteFile(path_).columns(table.from); });
    if (table.load == LoadMode::Full) {
      const std::int64_t rows =
          session.query(fmt::format("select n::bigint from {}", query("select count(*) as n", table, ""))).integer();
      return {select(columns, table, ""), Cursor{"{}"}, true, false, "", {}, rows};
    }
    return extract_new(session, columns, table, from);
  }

  // The engine adds up: SQLite's own sums are floating, and its order of values is by how they are stored.
  SourceTotals totals(Session& session, const SourceTable& table, std::span<const Column> columns) override {
    std::vector<SqliteColumn> chosen = told([&] { return SqliteFile(path_).columns(table.from); });
    std::erase_if(chosen, [&](const SqliteColumn& column) {
      return std::ranges::find(columns, column.name, &Column::name) == columns.end();
    });
    if (chosen.empty())
      return read_totals(
          columns, session.query(fmt::format("select n from {}", query("select count(*) as n", table, ""))).rows.at(0));
    std::string values = "count(*)";
    for (const Column& column : columns)
      for (const std::string_view function : total_functions(column.type))
        values += fmt::format(", {}({})::varchar", function, sql::identifier(column.name));
    return read_totals(columns,
                       session.query(fmt::format("select {} from ({})", values, select(chosen, table, ""))).rows.at(0));
  }

  Error explain(const Error& error) const override {
    const std::string& message = error.message();
    const auto says = [&](std::string_view part) { return message.find(part) != std::string::npos; };
    if (says("unable to open database")) {
      return away(fmt::format("`{}` is gone or can't be opened", path_), "check the connection's path in lochan.yaml");
    }
    if (says("database is locked") || says("database table is locked"))
      return away(
          fmt::format("`{}` stayed locked by another program for {} s", path_, SqliteFile::kBusyTimeout.count() / 1000),
          "look who holds it; in WAL mode writers don't lock readers out");
    if (says("disk I/O error")) return away(fmt::format("`{}` can't be read: disk I/O error", path_), "");
    if (says("malformed") || says("file is not a database"))
      return Error(ErrorKind::Data, fmt::format("connection `{}`: `{}` is no sound SQLite database", name_, path_))
          .hint("`sqlite3 FILE 'pragma integrity_check'` says what is wrong with it");
    if (says("no such table") || says("no such column"))
      return away(fmt::format("a table of `{}` changed while it was read", path_), "try again");
    if (says(" holds `"))
      return Error(ErrorKind::Data, fmt::format("connection `{}`: {}", name_, message))
          .hint("correct the value at the source, or read the table through a view that casts it");
    return error;
  }

 private:
  Error away(std::string what, std::string hint) const {
    return Error(ErrorKind::Unavailable, fmt::format("connection `{}`: {}", name_, what)).hint(std::move(hint));
  }

  // Errors of the file say whose it is.
  template <typename Work>
  auto told(Work&& work) const -> decltype(work()) {
    try {
      return work();
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("connection `{}`: {}", name_, error.message()))
          .at(error.position())
          .hint(error.hint());
    }
  }

  static Stream stream(SqliteFile& file, const std::string& table, const std::vector<SqliteColumn>& columns) {
    Stream stream;
    stream.name = table;
    std::vector<const SqliteColumn*> key;
    for (const SqliteColumn& column : columns) {
      stream.columns.push_back(
          {column.name, type_from_sqlite(column.declared), !column.not_null && column.key_position == 0});
      if (column.key_position > 0) key.push_back(&column);
    }
    std::ranges::sort(key, {}, &SqliteColumn::key_position);
    for (const SqliteColumn* column : key) stream.key.push_back(column->name);
    stream.indexes = file.indexes(table);
    return stream;
  }

  static Error unknown_table(SqliteFile& file, const SourceTable& table) {
    const std::vector<std::string> names = file.tables();
    const std::string others =
        names.empty() ? "there is no table in it" : fmt::format("there are {}", fmt::join(names, ", "));
    return Error(ErrorKind::NotFound, fmt::format("no table `{}`", table.from))
        .at(table.position)
        .hint(text::did_you_mean(table.from, names, others));
  }

  // `sqlite_query(…)` of one statement over the table.
  std::string query(const std::string& select, const SourceTable& table, const std::string& where) const {
    const std::string statement =
        fmt::format("{} from {}{}{}", select, sql::identifier(table.from), where.empty() ? "" : " where ", where);
    return fmt::format("sqlite_query({}, {})", sql::literal(database_), sql::literal(statement));
  }

  std::string select(const std::vector<SqliteColumn>& columns, const SourceTable& table,
                     const std::string& where) const {
    std::vector<std::string> texts, values;
    for (const SqliteColumn& column : columns) {
      texts.push_back(fmt::format("{} as {}", carried_text(column), sql::identifier(column.name)));
      values.push_back(fmt::format("{} as {}", carried_value(column, table.from), sql::identifier(column.name)));
    }
    return fmt::format("select {} from {}", fmt::join(values, ", "),
                       query(fmt::format("select {}", fmt::join(texts, ", ")), table, where));
  }

  Extract extract_new(Session& session, const std::vector<SqliteColumn>& columns, const SourceTable& table,
                      const Cursor& from) const {
    const auto found = std::ranges::find_if(columns, [&](const SqliteColumn& column) {
      return table.cursor && text::lower(column.name) == text::lower(**table.cursor);
    });
    if (found == columns.end()) throw unknown_cursor(columns, table);
    const ColumnCursor cursor(table, {found->name, type_from_sqlite(found->declared)});
    const auto boundary = cursor.boundary(session, from);
    const std::string where =
        boundary ? fmt::format("{} or {} is null", not_below(*found, *boundary), sql::identifier(found->name)) : "";
    Extract extract =
        cursor.extract(session, select({*found}, table, where), select(columns, table, where), boundary, from);
    if (table.deletes == SourceDeletes::Detect && !extract.is_whole) {
      std::vector<SqliteColumn> keys = columns;
      std::erase_if(keys, [&](const SqliteColumn& column) {
        return std::ranges::none_of(table.key, [&](const LocatedText& key) { return *key == column.name; });
      });
      extract.keys = select(keys, table, "");
    }
    return extract;
  }

  Error unknown_cursor(const std::vector<SqliteColumn>& columns, const SourceTable& table) const {
    std::vector<std::string> names;
    for (const SqliteColumn& column : columns) names.push_back(column.name);
    if (!table.cursor)
      return Error(ErrorKind::Project, fmt::format("`{}` is loaded incrementally without a cursor", table.name))
          .at(table.position)
          .hint("give `cursor:`, a column that only grows");
    return unknown_column(name_, table.from, **table.cursor, names, table.cursor->position, "`cursor`");
  }

  std::string name_;
  std::string path_;
  std::string database_;  // what the engine knows it by; one name for each source, as names are shared by all sessions
};

}  // namespace

std::unique_ptr<Source> make_sqlite_source(const Connection& connection) {
  return std::make_unique<SqliteSource>(connection);
}

}  // namespace lochan
