#include "run/lake_diff.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/sql.h"
#include "run/query.h"
#include "run/resolver.h"

namespace lochan {
namespace {

using Side = std::map<TableName, Entry>;

Side side(const Catalog& catalog, const Ref& ref) {
  Side entries;
  for (Entry& entry : catalog.entries(ref)) entries.emplace(entry.table, std::move(entry));
  return entries;
}

std::string_view kind_of(const Entry& entry) { return entry.kind == EntryKind::View ? "view" : "table"; }

const Column* find_column(const Entry& entry, const std::string& name) {
  const auto found = std::ranges::find(entry.columns, name, &Column::name);
  return found == entry.columns.end() ? nullptr : &*found;
}

bool is_number(const std::string& type) {
  return type.starts_with("DECIMAL") || type == "INTEGER" || type == "BIGINT" || type == "FLOAT" || type == "DOUBLE";
}

std::vector<ColumnChange> column_changes(const Entry& before, const Entry& after) {
  std::vector<ColumnChange> changes;
  for (const Column& column : before.columns) {
    const Column* now = find_column(after, column.name);
    if (now == nullptr || now->type != column.type)
      changes.push_back({column.name, column.type, now == nullptr ? "" : now->type});
  }
  for (const Column& column : after.columns)
    if (find_column(before, column.name) == nullptr) changes.push_back({column.name, "", column.type});
  return changes;
}

std::vector<std::string> texts(const std::vector<LocatedText>& located) {
  std::vector<std::string> names;
  for (const LocatedText& text : located) names.push_back(*text);
  return names;
}

// What may tell a table's rows apart, the likeliest first; whether it does, the rows say.
std::vector<std::vector<std::string>> possible_keys(const Project& project, const TableName& table) {
  std::vector<std::vector<std::string>> keys;
  const auto add = [&](std::vector<std::string> key) {
    if (!key.empty()) keys.push_back(std::move(key));
  };
  if (const auto model = project.models.find(table); model != project.models.end()) {
    std::vector<std::string> key = texts(model->second.key);
    if (model->second.materialized == Materialization::Scd2 && !key.empty()) key.emplace_back("valid_from");
    add(std::move(key));
  }
  if (const auto checks = project.checks.find(table); checks != project.checks.end())
    for (const CheckConfig& check : checks->second)
      if (check.kind == "unique" && check.where.empty()) add(texts(check.columns));
  for (const auto& [name, source] : project.sources) {
    for (const SourceTable& loaded : source.tables) {
      if (loaded.table() != table || loaded.key.empty()) continue;
      std::vector<std::string> key{"_source"};
      std::ranges::copy(texts(loaded.key), std::back_inserter(key));
      add(key);
      key.emplace_back("_loaded_at");  // raw tables hold versions of rows
      add(key);
    }
  }
  return keys;
}

// One table's rows, on both sides.
class RowComparison {
 public:
  RowComparison(Session& session, std::string before, std::string after, std::int64_t shown, TableDiff& diff)
      : session_(session), before_(std::move(before)), after_(std::move(after)), shown_(shown), diff_(diff) {}

  void compare(const Entry& before, const Entry& after, const std::vector<std::vector<std::string>>& keys) {
    for (const Column& column : after.columns) {
      const Column* then = find_column(before, column.name);
      if (then != nullptr) common_.push_back({column.name, then->type, column.type});
    }
    for (const std::vector<std::string>& key : keys) {
      if (!is_key(key)) continue;
      diff_.key = key;
      return compare_by_key();
    }
    compare_whole();
  }

 private:
  bool is_key(const std::vector<std::string>& key) {
    const bool is_there = std::ranges::all_of(key, [&](const std::string& name) {
      return std::ranges::find(common_, name, &ColumnChange::column) != common_.end();
    });
    if (!is_there) return false;
    for (const std::string& rows : {before_, after_}) {
      const Rows twice = session_.query(fmt::format("select 1 from {} group by {} having count(*) > 1 limit 1", rows,
                                                    sql::identifiers(key)));
      if (!twice.empty()) return false;
    }
    return true;
  }

  static std::string value(const char* side, const ColumnChange& column) {
    const std::string name = fmt::format("{}.{}", side, sql::identifier(column.column));
    const bool is_comparable = column.before == column.after || (is_number(column.before) && is_number(column.after));
    return is_comparable ? name : fmt::format("cast({} as varchar)", name);
  }

  std::vector<ColumnChange> values() const {
    std::vector<ColumnChange> values;
    for (const ColumnChange& column : common_)
      if (std::ranges::find(diff_.key, column.column) == diff_.key.end()) values.push_back(column);
    return values;
  }

  // The rows that differ, once: counted and shown from there.
  void compare_by_key() {
    const std::vector<ColumnChange> others = values();
    std::vector<std::string> joined, select, differs{"b.lochan_is is null", "a.lochan_is is null"};
    for (const std::string& name : diff_.key) {
      const auto column = std::ranges::find(common_, name, &ColumnChange::column);
      joined.push_back(fmt::format("{} is not distinct from {}", value("b", *column), value("a", *column)));
      select.push_back(fmt::format("coalesce({}, {}) as {}", value("a", *column), value("b", *column),
                                   sql::identifier(fmt::format("k{}", select.size()))));
    }
    std::vector<std::string> changed;
    for (std::size_t i = 0; i < others.size(); ++i) {
      const std::string name = sql::identifier(others[i].column);
      select.push_back(fmt::format("cast(b.{0} as varchar) as b{1}, cast(a.{0} as varchar) as a{1}", name, i));
      differs.push_back(fmt::format("{} is distinct from {}", value("b", others[i]), value("a", others[i])));
      select.push_back(fmt::format("{} as d{}", differs.back(), i));
    }
    session_.execute(fmt::format(
        "create or replace temp table lochan_diff as select case when b.lochan_is is null then 0 when a.lochan_is is "
        "null then 1 else 2 end as lochan_change, {} from (select true as lochan_is, * from {}) as b full join (select "
        "true as lochan_is, * from {}) as a on {} where {}",
        fmt::join(select, ", "), before_, after_, fmt::join(joined, " and "), fmt::join(differs, " or ")));
    const Rows counts = session_.query(
        "select count(*) filter (lochan_change = 0), count(*) filter (lochan_change = 1), count(*) filter "
        "(lochan_change = 2) from lochan_diff");
    diff_.added = counts.integer(0, 0), diff_.removed = counts.integer(0, 1), diff_.changed = counts.integer(0, 2);
    show_by_key(others);
    session_.execute("drop table lochan_diff");
  }

  void show_by_key(const std::vector<ColumnChange>& others) {
    std::vector<std::string> order;
    for (std::size_t i = 0; i < diff_.key.size(); ++i) order.push_back(fmt::format("k{}", i));
    const Rows rows = session_.query(fmt::format("select * from lochan_diff order by {}, lochan_change limit {}",
                                                 fmt::join(order, ", "), shown_));
    for (const auto& row : rows.rows) {
      RowDiff& shown = diff_.rows.emplace_back();
      const std::string kind = row[0].value_or("");
      shown.change = kind == "0" ? RowChange::Added : kind == "1" ? RowChange::Removed : RowChange::Changed;
      for (std::size_t i = 0; i < diff_.key.size(); ++i) shown.key.push_back({diff_.key[i], row[i + 1], row[i + 1]});
      for (std::size_t i = 0; i < others.size(); ++i) {
        const std::size_t at = 1 + diff_.key.size() + 3 * i;
        if (shown.change == RowChange::Changed && row[at + 2] != "true") continue;
        shown.values.push_back({others[i].column, row[at], row[at + 1]});
      }
    }
  }

  void compare_whole() {
    std::vector<std::string> before, after;
    for (const ColumnChange& column : common_) {
      before.push_back(fmt::format("{} as {}", value("b", column), sql::identifier(column.column)));
      after.push_back(fmt::format("{} as {}", value("a", column), sql::identifier(column.column)));
    }
    if (common_.empty()) return;  // the columns say it all
    const std::string then = fmt::format("select {} from {} as b", fmt::join(before, ", "), before_);
    const std::string now = fmt::format("select {} from {} as a", fmt::join(after, ", "), after_);
    diff_.added = show_whole(fmt::format("({}) except all ({})", now, then), RowChange::Added);
    diff_.removed = show_whole(fmt::format("({}) except all ({})", then, now), RowChange::Removed);
  }

  std::int64_t show_whole(const std::string& select, RowChange change) {
    session_.execute("create or replace temp table lochan_diff as " + select);
    const std::int64_t count = session_.query("select count(*) from lochan_diff").integer();
    const auto shown = static_cast<std::int64_t>(diff_.rows.size());
    const Rows rows =
        session_.query(fmt::format("select * from lochan_diff order by all limit {}", std::max<std::int64_t>(shown_ - shown, 0)));
    for (const auto& row : rows.rows) {
      RowDiff& one = diff_.rows.emplace_back();
      one.change = change;
      for (std::size_t i = 0; i < common_.size(); ++i) {
        const bool is_added = change == RowChange::Added;
        one.values.push_back({common_[i].column, is_added ? std::nullopt : row[i], is_added ? row[i] : std::nullopt});
      }
    }
    session_.execute("drop table lochan_diff");
    return count;
  }

  Session& session_;
  const std::string before_;
  const std::string after_;
  const std::int64_t shown_;
  TableDiff& diff_;
  std::vector<ColumnChange> common_;  // with both types
};

class LakeDiff {
 public:
  LakeDiff(Lake& lake, const DiffRequest& request, std::stop_token stop)
      : lake_(lake),
        request_(request),
        stop_(std::move(stop)),
        before_(side(lake.catalog(), request.before)),
        after_(side(lake.catalog(), request.after)),
        names_before_(lake.catalog(), request.before),
        names_after_(lake.catalog(), request.after),
        engine_(lake.engine_options()) {}

  std::vector<TableDiff> run() {
    std::set<TableName> tables;
    for (const Side* side : {&before_, &after_})
      for (const auto& [table, entry] : *side)
        if (request_.tables.empty() || std::ranges::find(request_.tables, table) != request_.tables.end())
          tables.insert(table);
    std::vector<TableDiff> diffs;
    for (const TableName& table : tables) {
      if (stop_.stop_requested()) break;
      if (auto diff = compare(table)) diffs.push_back(std::move(*diff));
    }
    return diffs;
  }

 private:
  static const Entry* find(const Side& side, const TableName& table) {
    const auto found = side.find(table);
    return found == side.end() ? nullptr : &found->second;
  }

  // What a view's rows depend on.
  static std::map<TableName, std::string> versions(const Resolver& resolver, const TableName& table) {
    std::map<TableName, std::string> versions;
    resolver.add_versions(table, versions);
    return versions;
  }

  bool has_same_rows(const Entry& before, const Entry& after) const {
    if (before.kind != after.kind || before.data_version != after.data_version) return false;
    return before.kind == EntryKind::Table ||
           versions(names_before_, before.table) == versions(names_after_, after.table);
  }

  std::optional<TableDiff> compare(const TableName& table) {
    const Entry* before = find(before_, table);
    const Entry* after = find(after_, table);
    TableDiff diff;
    diff.table = table;
    diff.kind = kind_of(after != nullptr ? *after : *before);
    if (before == nullptr || after == nullptr) {
      diff.change = before == nullptr ? TableChange::Created : TableChange::Dropped;
      (before == nullptr ? diff.rows_after : diff.rows_before) = count(before == nullptr ? now() : then(), table);
      return diff;
    }
    if (before->kind != after->kind) diff.kind = fmt::format("{} to {}", kind_of(*before), kind_of(*after));
    diff.columns = column_changes(*before, *after);
    const bool is_same = diff.columns.empty() && has_same_rows(*before, *after);
    if (is_same && (diff.kind == "view" || before->metadata_location == after->metadata_location)) return std::nullopt;
    diff.change = is_same ? TableChange::Rewritten : TableChange::Changed;
    if (is_same) return diff;
    diff.rows_before = count(then(), table);
    diff.rows_after = count(now(), table);
    const std::stop_callback stop(stop_, [&] { now().session().interrupt(); });
    RowComparison(now().session(), then().resolve_name(table), now().resolve_name(table), request_.rows, diff)
        .compare(*before, *after, possible_keys(lake_.project(), table));
    return diff;
  }

  std::int64_t count(LakeReader& reader, const TableName& table) {
    const std::stop_callback stop(stop_, [&] { reader.session().interrupt(); });
    return reader.session().query("select count(*) from " + reader.resolve_name(table)).integer();
  }

  // Both are attached to one engine, which is opened when the first table has to be read.
  LakeReader& then() { return reader(reader_before_, request_.before); }
  LakeReader& now() { return reader(reader_after_, request_.after); }
  LakeReader& reader(std::unique_ptr<LakeReader>& reader, const Ref& ref) {
    if (!reader) reader = std::make_unique<LakeReader>(lake_, ref, engine_);
    return *reader;
  }

  Lake& lake_;
  const DiffRequest& request_;
  const std::stop_token stop_;
  const Side before_;
  const Side after_;
  const Resolver names_before_;
  const Resolver names_after_;
  Engine engine_;
  std::unique_ptr<LakeReader> reader_before_;
  std::unique_ptr<LakeReader> reader_after_;
};

}  // namespace

std::string_view to_string(TableChange change) {
  switch (change) {
    case TableChange::Created:
      return "created";
    case TableChange::Dropped:
      return "dropped";
    case TableChange::Changed:
      return "changed";
    case TableChange::Rewritten:
      return "rewritten";
  }
  return "changed";
}

std::string_view to_string(RowChange change) {
  switch (change) {
    case RowChange::Added:
      return "added";
    case RowChange::Removed:
      return "removed";
    case RowChange::Changed:
      return "changed";
  }
  return "changed";
}

std::vector<TableDiff> diff_lake(Lake& lake, const DiffRequest& request, std::stop_token stop) {
  return LakeDiff(lake, request, std::move(stop)).run();
}

}  // namespace lochan
