#include "catalog/catalog_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/entry_text.h"

namespace lochan {
namespace {

constexpr std::int64_t kOpenEnd = std::numeric_limits<std::int64_t>::max();

std::string_view to_text(EntryKind kind) { return kind == EntryKind::Table ? "table" : "view"; }

EntryKind parse_kind(std::string_view text) { return text == "view" ? EntryKind::View : EntryKind::Table; }

Publication read_publication(const DbRow& row) {
  return {row.integer(0), row.integer(1), row.text(2), instant_from_micros(row.integer(3)), row.text(4)};
}

// Columns: layer, name, kind, metadata_location, data_version, columns, properties.
Entry read_entry(const DbRow& row) {
  Entry entry;
  entry.table = {row.text(0), row.text(1)};
  entry.kind = parse_kind(row.text(2));
  entry.metadata_location = row.text(3);
  entry.data_version = row.text(4);
  entry.columns = unpack_columns(row.text(5));
  entry.properties = unpack_properties(row.text(6));
  return entry;
}

Entry read_main_entry(const DbRow& row) {
  Entry entry = read_entry(row);
  entry.from_publication = row.integer(7);
  return entry;
}

}  // namespace

std::int64_t CatalogRows::current_publication() const {
  const auto rows = state_.query("select max(number) from publication");
  return rows.empty() ? 0 : rows[0].integer(0);
}

std::optional<Publication> CatalogRows::publication(std::int64_t number) const {
  const auto rows =
      state_.query("select number, run, author, at, message from publication where number = $1", {number});
  if (rows.empty()) return std::nullopt;
  return read_publication(rows[0]);
}

std::vector<Publication> CatalogRows::publications(int limit) const {
  std::vector<Publication> publications;
  for (const DbRow& row :
       state_.query("select number, run, author, at, message from publication order by number desc limit $1",
                    {std::int64_t{limit}}))
    publications.push_back(read_publication(row));
  return publications;
}

void CatalogRows::add_publication(const Publication& publication) {
  state_.execute_later(
      "insert into publication(number, run, author, at, message) values ($1, $2, $3, $4, $5)",
      {publication.number, publication.run, publication.author, to_micros(publication.at), publication.message});
  state_.execute("insert into unrecorded(publication) values ($1)", {publication.number});
}

std::vector<Entry> CatalogRows::entries(std::int64_t publication) const {
  std::vector<Entry> entries;
  // The plus keeps the other index out: few rows end after a late publication, and nearly all begin before it.
  for (const DbRow& row : state_.query("select layer, name, kind, metadata_location, data_version, columns, "
                                       "properties, from_publication from entry "
                                       "where to_publication > $1 and +from_publication <= $1",
                                       {publication}))
    entries.push_back(read_main_entry(row));
  std::ranges::sort(entries, {}, &Entry::table);
  return entries;
}

std::vector<std::pair<TableName, EntryKind>> CatalogRows::names(std::int64_t publication) const {
  std::vector<std::pair<TableName, EntryKind>> names;
  for (const DbRow& row : state_.query(
           "select layer, name, kind from entry where to_publication > $1 and +from_publication <= $1", {publication}))
    names.push_back({{row.text(0), row.text(1)}, parse_kind(row.text(2))});
  return names;
}

std::optional<Entry> CatalogRows::find(std::int64_t publication, const TableName& table) const {
  const auto rows = state_.query(
      "select layer, name, kind, metadata_location, data_version, columns, properties, from_publication from entry "
      "where layer = $2 and name = $3 and from_publication <= $1 and to_publication > $1",
      {publication, table.layer, table.name});
  if (rows.empty()) return std::nullopt;
  return read_main_entry(rows[0]);
}

std::map<TableName, Entry> CatalogRows::find(std::int64_t publication, std::span<const TableName> tables) const {
  constexpr std::size_t kAtOnce = 64;
  std::map<TableName, Entry> found;
  for (std::size_t begin = 0; begin < tables.size(); begin += kAtOnce) {
    const auto part = tables.subspan(begin, std::min(kAtOnce, tables.size() - begin));
    std::vector<DbValue> values{publication};
    std::string names;
    for (const TableName& table : part) {
      names += fmt::format("{}(layer = ${} and name = ${})", names.empty() ? "" : " or ", values.size() + 1, values.size() + 2);
      values.insert(values.end(), {table.layer, table.name});
    }
    const std::string sql = fmt::format(
        "select layer, name, kind, metadata_location, data_version, columns, properties, from_publication from entry "
        "where from_publication <= $1 and to_publication > $1 and ({})",
        names);
    for (const DbRow& row : state_.query(sql, std::span<const DbValue>(values))) {
      Entry entry = read_main_entry(row);
      found.insert_or_assign(entry.table, std::move(entry));
    }
  }
  return found;
}

void CatalogRows::put(const Entry& entry, std::int64_t publication) {
  close(entry.table, publication);
  state_.execute_later(
      "insert into entry(layer, name, kind, metadata_location, data_version, columns, properties, from_publication, "
      "to_publication) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {entry.table.layer, entry.table.name, std::string(to_text(entry.kind)), entry.metadata_location,
       entry.data_version, pack_columns(entry.columns), pack_properties(entry.properties), publication, kOpenEnd});
}

void CatalogRows::close(const TableName& table, std::int64_t publication) {
  state_.execute_later("update entry set to_publication = $3 where layer = $1 and name = $2 and to_publication = $4",
                 {table.layer, table.name, publication, kOpenEnd});
}

std::vector<BranchRow> CatalogRows::branch_rows(const std::string& branch, bool inherited) const {
  std::vector<BranchRow> found;
  for (const DbRow& row : state_.query(
           "select layer, name, kind, metadata_location, data_version, columns, properties, dropped from branch_entry "
           "where branch = $1 and inherited = $2 order by layer, name",
           {branch, std::int64_t{inherited}}))
    found.push_back({read_entry(row), row.integer(7) != 0});
  return found;
}

std::vector<CatalogRows::BranchName> CatalogRows::branch_names(const std::string& branch) const {
  std::vector<BranchName> names;
  for (const DbRow& row : state_.query(
           "select layer, name, kind, dropped from branch_entry where branch = $1 order by inherited", {branch}))
    names.push_back({{row.text(0), row.text(1)}, parse_kind(row.text(2)), row.integer(3) != 0});
  return names;
}

std::vector<TableName> CatalogRows::own_names(const std::string& branch) const {
  std::vector<TableName> names;
  for (const DbRow& row : state_.query("select layer, name from branch_entry where branch = $1 and inherited = 0", {branch}))
    names.push_back({row.text(0), row.text(1)});
  return names;
}

std::optional<BranchRow> CatalogRows::branch_row(const std::string& branch, const TableName& table,
                                                 bool inherited) const {
  const auto rows = state_.query(
      "select layer, name, kind, metadata_location, data_version, columns, properties, dropped from branch_entry "
      "where branch = $1 and inherited = $2 and layer = $3 and name = $4",
      {branch, std::int64_t{inherited}, table.layer, table.name});
  if (rows.empty()) return std::nullopt;
  return BranchRow{read_entry(rows[0]), rows[0].integer(7) != 0};
}

void CatalogRows::put_branch_row(const std::string& branch, const BranchRow& row) {
  const Entry& entry = row.entry;
  state_.execute_later(
      "insert into branch_entry(branch, layer, name, inherited, dropped, kind, metadata_location, data_version, "
      "columns, "
      "properties) values ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9) on conflict(branch, inherited, layer, name) do "
      "update "
      "set dropped = $4, kind = $5, metadata_location = $6, data_version = $7, columns = $8, properties = $9",
      {branch, entry.table.layer, entry.table.name, std::int64_t{row.dropped}, std::string(to_text(entry.kind)),
       entry.metadata_location, entry.data_version, pack_columns(entry.columns), pack_properties(entry.properties)});
  count_write(branch);
}

void CatalogRows::erase_branch_row(const std::string& branch, const TableName& table) {
  state_.execute_later("delete from branch_entry where branch = $1 and inherited = 0 and layer = $2 and name = $3",
                 {branch, table.layer, table.name});
  count_write(branch);
}

void CatalogRows::erase_branch_rows(const std::string& branch) {
  state_.execute_later("delete from branch_entry where branch = $1", {branch});
  state_.execute_later("delete from namespace where ref = $1", {branch});
}

void CatalogRows::inherit(const std::string& branch, const std::string& parent) {
  state_.execute_later(
      "insert into branch_entry(branch, layer, name, inherited, dropped, kind, metadata_location, data_version, "
      "columns, "
      "properties) select $1, layer, name, 1, dropped, kind, metadata_location, data_version, columns, properties from "
      "branch_entry as b where branch = $2 and (inherited = 0 or not exists (select 1 from branch_entry as o where "
      "o.branch = $2 and o.inherited = 0 and o.layer = b.layer and o.name = b.name))",
      {branch, parent});
}

void CatalogRows::count_write(const std::string& branch) {
  state_.execute_later("update branch set generation = generation + 1 where name = $1", {branch});
}

}  // namespace lochan
