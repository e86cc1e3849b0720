// A PostgreSQL database as a source. Rows come by `copy … to stdout` in binary, read by a reader of ours: the engine's
// own extension changes values (docs/types.md), keeps no snapshot over several statements, and can't be stopped at the
// server.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "source/asked_together.h"
#include "source/kinds.h"
#include "source/postgres_catalog.h"
#include "source/postgres_change_mark.h"
#include "source/postgres_cursor.h"
#include "source/postgres_parts.h"
#include "source/postgres_snapshot.h"
#include "source/postgres_xmin.h"
#include "source/server_table.h"
#include "source/sql_server.h"

namespace lochan {
namespace {

constexpr std::int64_t kFewPages = 1024;  // 8 MB: read, counted and searched for its highest value in no time

class PostgresSource final : public Source, public SqlServer, public AskedTogether {
 public:
  explicit PostgresSource(const Connection& connection) : name_(connection.name), url_(connection.location) {}

  std::vector<Stream> discover() override {
    std::vector<Stream> streams;
    for (const PostgresTable& table : list_postgres_tables(catalog())) streams.push_back(stream(table));
    return streams;
  }

  Stream describe(const SourceTable& table, std::span<const Column>) override { return stream(find(table)); }

  std::optional<std::string> change_mark(std::span<const SourceTable* const> tables) override {
    mark_ = postgres_change_mark(catalog(), tables);
    return mark_;
  }
  bool read_as_marked() const override { return is_read_as_marked_; }

  void ask_for(std::span<const Table> tables) override {
    asked_.clear();
    std::vector<std::string> names;
    for (const Table& table : tables) names.push_back(table.table->from);
    std::vector<std::optional<PostgresTable>> found = find_postgres_tables(catalog(), names);
    for (std::size_t i = 0; i < found.size(); ++i)
      if (found[i]) asked_[tables[i].table].table = std::move(*found[i]);
    if (snapshot_) ask_extents(tables);
  }

  void open(Session& session) override {
    asked_.clear();
    if (catalog_ && !catalog_->is_still_open()) catalog_.reset();
    snapshot_ = std::make_shared<PostgresSnapshot>(
        url_, name_, [&session] { return session.is_interrupted(); }, std::move(catalog_));
    is_read_as_marked_ = !mark_ || postgres_state(snapshot_->connection()) == mark_;
  }

  void close(Session& session) noexcept override {
    for (const std::string& name : outside_) session.remove_table(name);
    outside_.clear();
    asked_.clear();
    snapshot_.reset();
  }

  Extract extract(Session& session, const SourceTable& wanted, const Cursor& from) override {
    const PostgresTable table = find(wanted);
    const PostgresExtent extent = extent_of(wanted, table);
    Extract extract;
    if (wanted.load == LoadMode::Full) {
      extract.select = select(session, table, split_postgres_table(extent, snapshot_->version()), "");
      extract.reached.text = "{}";
      extract.is_whole = true;
    } else {
      extract = extract_new(session, table, extent, wanted, from);
    }
    extract.is_little = extent.is_ours && extent.pages <= kFewPages;
    return extract;
  }

  SourceTotals totals(Session&, const SourceTable& wanted, std::span<const Column> columns) override {
    const PostgresTable table = find(wanted);
    std::string values = "count(*)";
    for (const Column& column : columns) {
      const auto found = std::ranges::find(table.columns, column.name, &PostgresColumn::name);
      std::string value = sql::identifier(column.name);
      // The sum of a real is one, with six digits; an oid has none.
      if (column.type == "FLOAT") value += "::float8";
      if (found != table.columns.end() && found->form() == PostgresForm::Oid) value += "::int8";
      for (const std::string_view function : total_functions(column.type))
        values += fmt::format(", {}({})::text", function, value);
    }
    return read_totals(
        columns, snapshot_->connection().query(fmt::format("select {} from {}", values, table.quoted())).rows.at(0));
  }

  std::string ask(Session& session, const std::string& query) override {
    PostgresConnection& connection = snapshot_->connection();
    PostgresRead read;
    read.table = "the answer";
    std::vector<std::string> values, names;
    for (const PostgresField& field : connection.describe(query)) {
      PostgresColumn column;
      // Names may be the same, or none.
      column.name = fmt::format("c{}", names.size());
      column.type = field.type;
      column.modifier = field.modifier;
      column.declared = connection.query(fmt::format("select format_type({}, {})", field.type, field.modifier)).value();
      values.push_back(fmt::format("{} as {}", column.selected(), column.name));
      names.push_back(column.name);
      column.name = unused_name(read.columns, field.name);
      read.columns.push_back(std::move(column));
    }
    read.selects = {
        fmt::format("select {} from ({}\n) as answer({})", fmt::join(values, ", "), query, fmt::join(names, ", "))};
    outside_.push_back(session.add_table(make_outside_table(snapshot_, std::move(read))));
    return "select * from " + outside_.back();
  }

 private:
  // The snapshot's transaction while there is one, so that columns are those of the rows.
  PostgresConnection& catalog() {
    if (snapshot_) return snapshot_->connection();
    if (!catalog_ || !catalog_->is_open()) catalog_ = std::make_unique<PostgresConnection>(url_, name_);
    return *catalog_;
  }

  PostgresTable find(const SourceTable& wanted) {
    PostgresConnection& connection = catalog();
    const auto asked = asked_.find(&wanted);
    auto found =
        asked != asked_.end() ? std::optional(asked->second.table) : find_postgres_table(connection, wanted.from);
    if (!found) throw unknown_table(wanted);
    if (!found->may_read) {
      const std::string role = connection.query("select current_user").value();
      throw Error(ErrorKind::Data,
                  fmt::format("connection `{}`: the role `{}` may not read `{}`", name_, role, found->shown()))
          .at(wanted.position)
          .hint(fmt::format("grant it: grant usage on schema {} to {}; grant select on {} to {}",
                            sql::identifier(found->schema), sql::identifier(role), found->quoted(),
                            sql::identifier(role)));
    }
    for (const std::string& name : columns_as_text(wanted)) {
      const auto column = std::ranges::find(found->columns, name, &PostgresColumn::name);
      if (column == found->columns.end()) throw unknown_column(*found, name, wanted.position, "`columns`");
      column->as_text = true;
    }
    return std::move(*found);
  }

  Error unknown_table(const SourceTable& wanted) {
    std::vector<std::string> names;
    for (const PostgresTable& table : list_postgres_tables(catalog())) names.push_back(table.shown());
    return lochan::unknown_table(name_, wanted, names);
  }

  Error unknown_column(const PostgresTable& table, const std::string& name, const Position& position,
                       std::string_view use) const {
    std::vector<std::string> names;
    for (const PostgresColumn& column : table.columns) names.push_back(column.name);
    return lochan::unknown_column(name_, table.shown(), name, names, position, use);
  }

  // Locks the tables that may be read, and asks how far those reach that are read on by a column. A large one is asked
  // when its turn comes: a server may limit the time of a statement.
  void ask_extents(std::span<const Table> tables) {
    PostgresConnection& connection = snapshot_->connection();
    std::vector<const PostgresTable*> readable;
    for (const Table& one : tables)
      if (const auto asked = asked_.find(one.table); asked != asked_.end() && asked->second.table.may_read)
        readable.push_back(&asked->second.table);
    const auto extents = lock_postgres_tables(connection, readable);
    std::string question;
    std::vector<Asked*> asking;
    for (const Table& one : tables) {
      const auto found = asked_.find(one.table);
      if (found == asked_.end() || !found->second.table.may_read) continue;
      Asked& asked = found->second;
      const auto extent = extents.find(asked.table.oid);
      asked.extent = extent == extents.end() ? PostgresExtent{0, 0, false} : extent->second;
      if (!asked.extent->is_ours || asked.extent->pages > kFewPages || asked.table.has_row_rules ||
          !has_column_cursor(*one.table))
        continue;
      asked.from = one.from.text;
      const PostgresColumnCursor cursor(*one.table, cursor_column(asked.table, *one.table), one.from);
      question += fmt::format("{}select {}, * from ({}) as table_{}", asking.empty() ? "" : " union all ",
                              asking.size(), cursor.question(asked.table.quoted()), asking.size());
      asking.push_back(&asked);
    }
    if (asking.empty()) return;
    for (const auto& row : connection.query(question).rows)
      asking.at(std::stoul(row.at(0).value()))->reached.assign(row.begin() + 1, row.end());
  }

  PostgresExtent extent_of(const SourceTable& wanted, const PostgresTable& table) {
    const auto asked = asked_.find(&wanted);
    if (asked != asked_.end() && asked->second.extent) return *asked->second.extent;
    const PostgresTable* const one = &table;
    const auto extents = lock_postgres_tables(snapshot_->connection(), {&one, 1});
    return extents.empty() ? PostgresExtent{0, 0, false} : extents.begin()->second;
  }

  static bool has_column_cursor(const SourceTable& wanted) {
    return wanted.load != LoadMode::Full && wanted.cursor && **wanted.cursor != PostgresXminCursor::kName;
  }

  const PostgresColumn& cursor_column(const PostgresTable& table, const SourceTable& wanted) const {
    auto column = std::ranges::find(table.columns, **wanted.cursor, &PostgresColumn::name);
    if (column == table.columns.end())
      column = std::ranges::find_if(
          table.columns, [&](const PostgresColumn& c) { return text::lower(c.name) == text::lower(**wanted.cursor); });
    if (column == table.columns.end())
      throw unknown_column(table, **wanted.cursor, wanted.cursor->position, "`cursor`");
    return *column;
  }

  static Stream stream(const PostgresTable& table) {
    Stream stream;
    stream.name = table.shown();
    for (const PostgresColumn& column : table.columns)
      stream.columns.push_back({column.name, column.lake_type(), !column.not_null && column.key_position == 0});
    stream.key = table.key;
    stream.is_key_unique = !table.key.empty();
    stream.indexes = table.indexes;
    stream.description = table.description;
    stream.descriptions = table.descriptions;
    return stream;
  }

  // One select over the table for each of the conditions, as one table of the engine.
  std::string select(Session& session, const PostgresTable& table, const std::vector<std::string>& parts,
                     const std::string& where) {
    std::vector<std::string> values;
    for (const PostgresColumn& column : table.columns) values.push_back(column.selected());
    PostgresRead read{table.shown(), table.columns, {}, static_cast<std::int64_t>(table.expected_rows)};
    for (const std::string& part : parts) {
      std::string condition = where;
      if (!part.empty()) condition += (condition.empty() ? "" : " and ") + part;
      read.selects.push_back(fmt::format("select {} from {}{}{}", fmt::join(values, ", "), table.quoted(),
                                         condition.empty() ? "" : " where ", condition));
    }
    outside_.push_back(session.add_table(make_outside_table(snapshot_, std::move(read))));
    return "select * from " + outside_.back();
  }

  // The key's columns of all rows, from the same snapshot.
  std::string select_keys(Session& session, PostgresTable table, const PostgresExtent& extent,
                          const SourceTable& wanted) {
    if (wanted.deletes != SourceDeletes::Detect) return "";
    std::erase_if(table.columns, [&](const PostgresColumn& column) {
      return std::ranges::none_of(wanted.key, [&](const LocatedText& key) { return *key == column.name; });
    });
    return select(session, table, split_postgres_table(extent, snapshot_->version()), "");
  }

  Extract extract_new(Session& session, const PostgresTable& table, const PostgresExtent& extent,
                      const SourceTable& wanted, const Cursor& from) {
    if (!wanted.cursor)
      throw Error(ErrorKind::Project, fmt::format("`{}` is loaded incrementally without a cursor", wanted.name))
          .at(wanted.position)
          .hint("give `cursor:`, a column that only grows, or `xmin`");
    const std::vector<std::string> parts = split_postgres_table(extent, snapshot_->version());
    if (!has_column_cursor(wanted)) {
      PostgresXminCursor cursor(wanted, table, *snapshot_);
      Extract extract = cursor.extract(from);
      extract.select = select(session, table, parts, cursor.condition());
      if (!extract.is_whole) extract.keys = select_keys(session, table, extent, wanted);
      return extract;
    }
    const PostgresColumnCursor cursor(wanted, cursor_column(table, wanted), from);
    Extract extract = cursor.reached(reached(wanted, table, cursor, from));
    extract.select =
        select(session, table, extract.is_whole ? parts : std::vector<std::string>{""}, cursor.condition());
    if (!extract.is_whole) extract.keys = select_keys(session, table, extent, wanted);
    return extract;
  }

  std::vector<PostgresValue> reached(const SourceTable& wanted, const PostgresTable& table,
                                     const PostgresColumnCursor& cursor, const Cursor& from) {
    const auto asked = asked_.find(&wanted);
    if (asked != asked_.end() && !asked->second.reached.empty() && asked->second.from == from.text)
      return asked->second.reached;
    return snapshot_->connection().query(cursor.question(table.quoted())).rows.at(0);
  }

  // What the server has said of a table that was asked for.
  struct Asked {
    PostgresTable table;
    std::optional<PostgresExtent> extent;  // in a snapshot; the table is locked
    std::string from;
    std::vector<PostgresValue> reached;  // from there on; empty: not asked yet
  };

  const std::string name_;
  const std::string url_;
  std::unique_ptr<PostgresConnection> catalog_;
  std::map<const SourceTable*, Asked> asked_;
  std::optional<std::string> mark_;
  bool is_read_as_marked_ = true;
  // Shared with the engine's statements that read its rows.
  std::shared_ptr<PostgresSnapshot> snapshot_;
  std::vector<std::string> outside_;
};

}  // namespace

std::unique_ptr<Source> make_postgres_source(const Connection& connection) {
  return std::make_unique<PostgresSource>(connection);
}

}  // namespace lochan
