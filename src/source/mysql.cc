// A MySQL or MariaDB database as a source. Rows come by a reader of ours over one connection: the engine's own
// extension changes values, and what is pushed down to the server there is not of the snapshot (docs/decisions/0030).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "source/kinds.h"
#include "source/mysql_catalog.h"
#include "source/mysql_cursor.h"
#include "source/mysql_reader.h"
#include "source/server_table.h"
#include "source/sql_server.h"

namespace lochan {
namespace {

constexpr unsigned kNoSuchColumn = 1054;
constexpr unsigned kNoSuchTable = 1146;

class MysqlSource final : public Source, public SqlServer {
 public:
  explicit MysqlSource(const Connection& connection) : name_(connection.name), url_(connection.location) {}

  std::vector<Stream> discover() override {
    std::vector<Stream> streams;
    for (const MysqlTable& table : list_mysql_tables(catalog())) streams.push_back(stream(table));
    return streams;
  }

  Stream describe(const SourceTable& table, std::span<const Column>) override { return stream(find(table)); }

  // The binary log's position would be one, but it may be off, or leave out databases and sessions.
  std::optional<std::string> change_mark(std::span<const SourceTable* const>) override { return std::nullopt; }

  void open(Session& session) override {
    snapshot_ = std::make_shared<MysqlConnection>(url_, name_);
    snapshot_->execute("set session transaction isolation level repeatable read, read only");
    snapshot_->execute("start transaction with consistent snapshot, read only");
    snapshot_->stop_when([&session] { return session.is_interrupted(); });
  }

  void close(Session& session) noexcept override {
    for (const std::string& name : outside_) session.remove_table(name);
    outside_.clear();
    snapshot_.reset();
  }

  Extract extract(Session& session, const SourceTable& wanted, const Cursor& from) override {
    const MysqlTable table = find(wanted);
    if (wanted.load == LoadMode::Incremental) return extract_new(session, table, wanted, from);
    Extract extract;
    extract.select = select(session, table, "");
    extract.reached.text = "{}";
    extract.is_whole = true;
    return extract;
  }

  SourceTotals totals(Session&, const SourceTable& wanted, std::span<const Column> columns) override {
    const MysqlTable table = find(wanted);
    std::string values = "count(*)";
    for (const Column& column : columns) {
      const auto found = std::ranges::find(table.columns, column.name, &MysqlColumn::name);
      std::string value = mysql::identifier(column.name);
      // The server shows six digits of a float, and bits as bytes.
      if (column.type == "FLOAT") value = fmt::format("({} * 1e0)", value);
      if (found != table.columns.end() && found->form() == MysqlForm::Bit)
        value = fmt::format("cast({} as unsigned)", value);
      for (const std::string_view function : total_functions(column.type))
        values += fmt::format(", {}({})", function, value);
    }
    return read_totals(columns, snapshot_->query(fmt::format("select {} from {}", values, table.quoted())).rows.at(0));
  }

  Error explain(const Error& error) const override {
    if (!snapshot_ || error.kind() != ErrorKind::Data) return error;
    const unsigned code = snapshot_->last_code();
    if (code != kNoSuchColumn && code != kNoSuchTable) return error;
    return Error(ErrorKind::Unavailable, fmt::format("connection `{}`: a table changed while it was read", name_))
        .hint("try again");
  }

  std::string ask(Session& session, const std::string& query) override {
    snapshot_->begin_read(query);
    MysqlRead read{name_, "the answer", {}, query, 0};
    for (const MysqlField& field : snapshot_->fields()) {
      MysqlColumn column = mysql_column(field);
      column.name = unused_name(read.columns, field.name);
      read.columns.push_back(std::move(column));
    }
    outside_.push_back(session.add_table(make_mysql_answer(snapshot_, std::move(read))));
    return "select * from " + outside_.back();
  }

 private:
  MysqlConnection& catalog() {
    if (snapshot_) return *snapshot_;
    if (!catalog_) catalog_ = std::make_unique<MysqlConnection>(url_, name_);
    return *catalog_;
  }

  MysqlTable find(const SourceTable& wanted) {
    auto found = find_mysql_table(catalog(), wanted.from);
    if (!found) throw unknown_table(wanted);
    for (const std::string& name : columns_as_text(wanted)) {
      const auto column = std::ranges::find(found->columns, name, &MysqlColumn::name);
      if (column == found->columns.end()) throw unknown_column(*found, name, wanted.position, "`columns`");
      column->as_text = true;
    }
    return std::move(*found);
  }

  Error unknown_table(const SourceTable& wanted) {
    std::vector<std::string> names;
    for (const MysqlTable& table : list_mysql_tables(catalog())) names.push_back(table.shown());
    return lochan::unknown_table(name_, wanted, names);
  }

  Error unknown_column(const MysqlTable& table, const std::string& name, const Position& position,
                       std::string_view use) const {
    std::vector<std::string> names;
    for (const MysqlColumn& column : table.columns) names.push_back(column.name);
    return lochan::unknown_column(name_, table.shown(), name, names, position, use);
  }

  static Stream stream(const MysqlTable& table) {
    Stream stream;
    stream.name = table.shown();
    for (const MysqlColumn& column : table.columns)
      stream.columns.push_back({column.name, column.lake_type(), !column.not_null && column.key_position == 0});
    stream.key = table.key;
    stream.is_key_unique = !table.key.empty();
    stream.indexes = table.indexes;
    stream.description = table.description;
    stream.descriptions = table.descriptions;
    return stream;
  }

  std::string select(Session& session, const MysqlTable& table, const std::string& where) {
    std::vector<std::string> values;
    for (const MysqlColumn& column : table.columns) values.push_back(column.selected());
    MysqlRead read{name_, table.shown(), table.columns, "", table.expected_rows};
    read.select = fmt::format("select {} from {}{}{}", fmt::join(values, ", "), table.quoted(),
                              where.empty() ? "" : " where ", where);
    outside_.push_back(session.add_table(make_mysql_table(snapshot_, std::move(read))));
    return "select * from " + outside_.back();
  }

  // The key's columns of all rows, from the same snapshot.
  std::string select_keys(Session& session, MysqlTable table, const SourceTable& wanted) {
    if (wanted.deletes != SourceDeletes::Detect) return "";
    std::erase_if(table.columns, [&](const MysqlColumn& column) {
      return std::ranges::none_of(wanted.key, [&](const LocatedText& key) { return *key == column.name; });
    });
    return select(session, table, "");
  }

  Extract extract_new(Session& session, const MysqlTable& table, const SourceTable& wanted, const Cursor& from) {
    if (!wanted.cursor)
      throw Error(ErrorKind::Project, fmt::format("`{}` is loaded incrementally without a cursor", wanted.name))
          .at(wanted.position)
          .hint("give `cursor:`, a column that only grows");
    // Names of columns are told apart without regard to case, as the server does.
    const auto column = std::ranges::find_if(table.columns, [&](const MysqlColumn& candidate) {
      return text::lower(candidate.name) == text::lower(**wanted.cursor);
    });
    if (column == table.columns.end())
      throw unknown_column(table, **wanted.cursor, wanted.cursor->position, "`cursor`");
    MysqlColumnCursor cursor(wanted, *column);
    const std::string condition = cursor.condition(*snapshot_, from);
    Extract extract = cursor.reached(*snapshot_, table.quoted(), from);
    extract.select = select(session, table, condition);
    if (!extract.is_whole) extract.keys = select_keys(session, table, wanted);
    return extract;
  }

  const std::string name_;
  const std::string url_;
  std::unique_ptr<MysqlConnection> catalog_;
  // In a transaction that only reads, of one snapshot. Shared with the engine's statements that read its rows.
  std::shared_ptr<MysqlConnection> snapshot_;
  std::vector<std::string> outside_;
};

}  // namespace

std::unique_ptr<Source> make_mysql_source(const Connection& connection) {
  return std::make_unique<MysqlSource>(connection);
}

}  // namespace lochan
