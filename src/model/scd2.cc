// materialized: scd2. The SQL gives versions of rows; the table has each as long as it held. What a table holds is a
// function of the versions that were ever given, so it doesn't matter how they were cut into loads; docs/history.md.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "model/history.h"
#include "model/history_sql.h"
#include "model/statements.h"

namespace lochan {
namespace {

class Scd2 {
 public:
  Scd2(Session& session, const ModelBuildRequest& request)
      : session_(session), request_(request), target_(lake_name(session, request.model)) {}

  ModelBuilt build() {
    stage(session_, request_);
    shape_ = history_shape(request_.model, session_.describe("select * from lochan_new"));
    key_ = sql::identifiers(shape_.key);
    require_sound_rows();
    const bool is_anew = !request_.current || request_.full_refresh || (request_.rebuild && !shape_.is_snapshot());
    ModelBuilt built = is_anew ? build_whole() : build_on();
    session_.execute("drop table if exists lochan_new");
    return built;
  }

 private:
  void make(const char* table, const std::string& select) {
    session_.execute(fmt::format("create or replace temp table {} as {}", table, select), request_.parameters);
  }
  std::int64_t count(const std::string& from) { return session_.query("select count(*) from " + from).integer(); }
  void drop(std::initializer_list<const char*> tables) {
    for (const char* table : tables) session_.execute(fmt::format("drop table if exists {}", table));
  }

  [[noreturn]] void fail(const std::string& what, const std::string& hint,
                         const std::optional<LocatedText>& at = {}) const {
    throw Error(ErrorKind::Data, fmt::format("`{}`: {}", to_string(request_.model.table), what))
        .at(at ? at->position : request_.model.position)
        .hint(hint);
  }

  std::string row_text(const Rows& rows) const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < shape_.key.size(); ++i)
      values.push_back(fmt::format("{} = {}", shape_.key[i], rows.rows[0][i].value_or("null")));
    return fmt::format("{}", fmt::join(values, ", "));
  }

  void require_sound_rows() {
    std::vector<std::string> nulls;
    for (const std::string& column : shape_.key) nulls.push_back(sql::identifier(column) + " is null");
    const std::int64_t null_keys = count(fmt::format("lochan_new where {}", fmt::join(nulls, " or ")));
    if (null_keys > 0)
      fail(fmt::format("{} with a null in the key", text::plural(null_keys, "row")), "filter them out in its SQL");
    if (shape_.is_snapshot()) return require_single_keys();
    const std::string timeless = fmt::format("from lochan_new where {} is null", since_when(shape_));
    if (const std::int64_t rows = session_.query("select count(*) " + timeless).integer(); rows > 0) {
      const Rows first = session_.query(fmt::format("select {} {} order by all limit 1", key_, timeless));
      fail(fmt::format("{} without `{}`, first {}: nothing says since when they hold", text::plural(rows, "row"),
                       shape_.time, row_text(first)),
           "filter them out in its SQL, or give them a time with `coalesce`", request_.model.updated_at);
    }
  }

  void require_single_keys() {
    const Rows twice = session_.query(fmt::format(
        "select {0}, count(*) from lochan_new group by {0} having count(*) > 1 order by {0} limit 1", key_));
    if (twice.empty()) return;
    fail(fmt::format("its SQL gives {} rows for the key {}, and nothing says which of them is the state of now",
                     *twice.rows[0].back(), row_text(twice)),
         "name the column that says since when a version holds as `updated_at`, or select `_loaded_at`");
  }

  // From what the SQL gives alone.
  ModelBuilt build_whole() {
    ModelBuilt built;
    make("lochan_version", read_versions(shape_, "lochan_new", shape_.is_snapshot() ? "$run_at::timestamptz" : ""));
    if (request_.current && !request_.full_refresh) {
      make("lochan_history", history(shape_, "lochan_version"));
      require_nothing_lost();
      built.rows_written = replace_table(session_, request_, "select * from lochan_history");
    } else {
      built.rows_written = replace_table(session_, request_, history(shape_, "lochan_version"));
    }
    drop({"lochan_version", "lochan_history"});
    return built;
  }

  // Its code changed, and it is made anew from its SQL; an input that keeps only the present would end its past.
  void require_nothing_lost() {
    const auto has = [&](const std::string& name) {
      return std::ranges::find(request_.current->columns, name, &Column::name) != request_.current->columns.end();
    };
    if (!has("valid_from")) return;  // it was no history
    const std::string hint = fmt::format(
        "where that may go: lochan run --full-refresh --select {}; else let its SQL read what has the whole past, such "
        "as a raw table",
        to_string(request_.model.table));
    if (!std::ranges::all_of(shape_.key, has)) fail("its key changed, so what it holds can't be carried over", hint);
    const std::string lost = fmt::format(
        "(select {0}, min(valid_from) as was from {1} group by {0}) o left join (select {0}, min(valid_from) as is_now "
        "from lochan_history "
        "group by {0}) h on {2} where is_now is null or is_now > was",
        key_, target_, same_key(shape_, "o", "h"));
    const std::int64_t keys = count(lost);
    if (keys == 0) return;
    const Rows first =
        session_.query(fmt::format("select {} from {} order by all limit 1", sql::identifiers(shape_.key, "o."), lost));
    fail(fmt::format(
             "its code changed, and what its SQL gives now begins later than the table for {}, first {}: history "
             "would be lost",
             text::plural(keys, "key"), row_text(first)),
         hint);
  }

  ModelBuilt build_on() {
    require_same_columns(request_, shape_.columns);
    ModelBuilt built;
    shape_.is_snapshot() ? touch_snapshot() : touch_versions();
    if (count("lochan_touched") > 0) {
      make("lochan_old",
           fmt::format("select t.*{} from {} t semi join lochan_touched k on {}",
                       has_positions() ? ", t.filename as lochan_file, t.file_row_number as lochan_row" : "", target_,
                       same_key(shape_, "t", "k")));
      if (!shape_.is_snapshot() && request_.reads_on) read_whole_past();
      make_versions();
      make("lochan_history", history(shape_, "lochan_version"));
      write(built);
    }
    built.changed = built.rows_written + built.rows_removed > 0;
    if (built.changed) built.rewritten = compact_table(session_, request_);
    built.touched = "lochan_touched";
    drop({"lochan_old", "lochan_version", "lochan_history", "lochan_added", "lochan_removed"});
    return built;
  }

  // A SELECT that gives everything is first held against the table: of keys of which every version is known, no more is
  // read.
  void touch_versions() {
    if (request_.reads_on) return make("lochan_touched", fmt::format("select distinct {} from lochan_new", key_));
    make("lochan_unknown", unshown(placed_versions(shape_, "lochan_new")));
    make("lochan_unknown", unspanned("lochan_unknown", rows(), " and " + same_values(shape_.compared, "n", "t")));
    if (shape_.shows_deletions())
      make("lochan_unknown", unspanned("lochan_unknown", fmt::format("(from {} where lochan_deleted)", rows()), ""));
    if (shape_.may_end() && !shape_.deleted.empty())
      make("lochan_unknown",
           fmt::format("select n.* from lochan_unknown n anti join {} g on {} and n.lochan_deleted = g.lochan_deleted "
                       "and n.lochan_at >= g.valid_to and n.lochan_at < g.lochan_next",
                       gaps(), same_key(shape_, "n", "g")));
    make("lochan_touched", fmt::format("select distinct {} from lochan_unknown", key_));
    make("lochan_read",
         fmt::format("select n.* from lochan_new n semi join lochan_touched k on {}", same_key(shape_, "n", "k")));
    session_.execute("drop table lochan_unknown; drop table lochan_new; alter table lochan_read rename to lochan_new");
  }

  // The table's rows, and whether each is a deletion. As a column, since of a join's conditions one that looks at one
  // side alone makes the engine compare every row with every row.
  std::string rows() const {
    return fmt::format("(select *, {} as lochan_deleted from {})", shape_.shows_deletions() ? "is_deleted" : "false",
                       target_);
  }

  // Versions but those that a row of the table shows as they are.
  std::string unshown(const std::string& versions) const {
    return fmt::format("select n.* from ({}) n anti join {} t on {} and {} and n.lochan_deleted = t.lochan_deleted",
                       versions, rows(), same_key(shape_, "n", "t"), same_values(shape_.own, "n", "t"));
  }

  // Versions but those that lie within a row that stands for equal ones, and aren't its last.
  std::string unspanned(const std::string& versions, const std::string& spans, const std::string& are_equal) const {
    return fmt::format(
        "select n.* from {} n anti join {} t on {} and n.lochan_deleted = t.lochan_deleted{} and n.lochan_at >= "
        "t.valid_from and n.lochan_at < {} and n.lochan_at < coalesce(t.valid_to, 'infinity'::{})",
        versions, spans, same_key(shape_, "n", "t"), are_equal, last_seen(shape_, "t."), shape_.time_type);
  }

  // Where keys of which a deletion isn't known are known to have been gone.
  std::string gaps() const {
    return fmt::format(
        "(select {0}, true as lochan_deleted, valid_to, coalesce(lochan_next, 'infinity'::{1}) as lochan_next from "
        "(select {0}, valid_to, "
        "lead(valid_from) over (partition by {0} order by valid_from) as lochan_next from {2} t semi join (from "
        "lochan_unknown where lochan_deleted) k on {3}) where valid_to is not null and valid_to is distinct from "
        "lochan_next)",
        key_, shape_.time_type, target_, same_key(shape_, "t", "k"));
  }

  // The keys that the SQL gave. One whose row a check refused is not gone.
  std::string given() const {
    if (request_.quarantine.refused_keys.empty()) return "lochan_new";
    return fmt::format("(select {} from lochan_new union all {})", key_, request_.quarantine.refused_keys);
  }

  // The state of now beside the open rows.
  void touch_snapshot() {
    const std::string deleted = shape_.shows_deletions() ? "t.is_deleted" : "false";
    const std::string open = fmt::format("(select * from {} where valid_to is null)", target_);
    const std::string live = fmt::format("(select * from {} t where valid_to is null and not {})", target_, deleted);
    std::string keys =
        fmt::format("select {0} from lochan_new n anti join {1} t on {2} and {3} and not {4} where not {5}",
                    sql::identifiers(shape_.key, "n."), open, same_key(shape_, "n", "t"),
                    same_values(shape_.compared, "n", "t"), deleted, is_deletion(shape_, "n."));
    if (shape_.deletes != HistoryDeletes::Ignore) {
      if (!shape_.deleted.empty())
        keys += fmt::format(" union all select {} from lochan_new n semi join {} t on {} where {}",
                            sql::identifiers(shape_.key, "n."), live, same_key(shape_, "n", "t"),
                            is_deletion(shape_, "n."));
      else if (!request_.names_since)
        keys += fmt::format(" union all select {} from {} t anti join {} n on {}", sql::identifiers(shape_.key, "t."),
                            live, given(), same_key(shape_, "n", "t"));
    }
    make("lochan_touched", keys);
  }

  // `$since` left out what was read before. A version that comes late may split what one row stands for, so of its key
  // everything is read; as of one that ended: what came after its deletion isn't in the table. Where deletions are a
  // load's, that can only place a row anew which is older than what was read.
  void read_whole_past() {
    std::string late = fmt::format(
        "select distinct {0} from lochan_new n join (select {1}, max(greatest({2}, valid_to)) as lochan_last from "
        "lochan_old group by {1}) o on {3} where {4} <= lochan_last",
        sql::identifiers(shape_.key, "n."), key_, last_seen(shape_), same_key(shape_, "n", "o"),
        since_when(shape_, "n."));
    const std::string open = "(select * from lochan_old where valid_to is null)";
    if (shape_.may_end() && !shape_.is_load_mark)
      late += fmt::format(" union select {} from lochan_touched k anti join {} o on {}",
                          sql::identifiers(shape_.key, "k."), open, same_key(shape_, "k", "o"));
    else if (shape_.may_end())
      late += fmt::format(
          " union select {} from lochan_new n semi join lochan_old t on {} anti join {} o on {} where {} <= "
          "$since::timestamptz::{}",
          sql::identifiers(shape_.key, "n."), same_key(shape_, "n", "t"), open, same_key(shape_, "n", "o"),
          since_when(shape_, "n."), shape_.time_type);
    make("lochan_late", late);
    if (count("lochan_late") > 0) {
      ModelBuildRequest whole = request_;
      whole.parameters["since"].value.reset();
      session_.execute(fmt::format("delete from lochan_new n where exists (from lochan_late k where {})",
                                   same_key(shape_, "n", "k")));
      session_.execute(fmt::format("insert into lochan_new select n.* from ({}) n semi join lochan_late k on {}",
                                   in_lake_types(session_, whole), same_key(shape_, "n", "k")),
                       whole.parameters);
      require_sound_rows();
    }
    session_.execute("drop table lochan_late");
  }

  void make_versions() {
    std::string versions = known_versions(shape_, "lochan_old");
    if (!shape_.is_snapshot()) {
      versions += " union all " + read_versions(shape_, "lochan_new");
    } else {
      // Later than all that is known of the key, whatever the clock says.
      const std::string last = fmt::format(
          "(select {0}, max(greatest(valid_from, valid_to)) as lochan_last from lochan_old group by {0})", key_);
      const std::string at = "greatest($run_at::timestamptz, lochan_last + interval 1 microsecond)";
      versions +=
          " union all " +
          read_versions(shape_,
                        fmt::format("(select n.*, o.lochan_last from lochan_new n semi join lochan_touched k on {} "
                                    "left join {} o on {})",
                                    same_key(shape_, "n", "k"), last, same_key(shape_, "n", "o")),
                        at);
      if (shape_.deletes != HistoryDeletes::Ignore && shape_.deleted.empty() && !request_.names_since)
        versions += fmt::format(
            " union all select {}, true, 1, {}, null from lochan_old t join {} o on {} anti join {} n on {} where "
            "t.valid_to is null",
            sql::identifiers(shape_.own, "t."), at, last, same_key(shape_, "t", "o"), given(),
            same_key(shape_, "n", "t"));
    }
    make("lochan_version", versions);
  }

  // Rows are deleted by file and position, for which no column is read again; where the table has columns of these
  // names it doesn't show them, so by what tells versions apart.
  bool has_positions() const {
    return std::ranges::none_of(shape_.own, [](const std::string& name) {
      const std::string lower = text::lower(name);
      return lower == "filename" || lower == "file_row_number";
    });
  }

  // Rows that stay as they are aren't written.
  void write(ModelBuilt& built) {
    std::vector<std::string> columns;
    for (const Column& column : shape_.columns) columns.push_back(column.name);
    const std::string same = same_values(columns, "o", "h");
    const std::string removed = has_positions() ? "lochan_file, lochan_row" : key_ + ", valid_from";
    const std::string places = has_positions() ? "filename, file_row_number" : removed;
    make("lochan_removed", fmt::format("select {} from lochan_old o anti join lochan_history h on {}", removed, same));
    make("lochan_added", fmt::format("select h.* from lochan_history h anti join lochan_old o on {}", same));
    built.rows_removed = count("lochan_removed");
    built.rows_written = count("lochan_added");
    if (built.rows_removed + built.rows_written == 0) return;
    session_.transaction([&] {
      if (built.rows_removed > 0)
        session_.execute(
            fmt::format("delete from {} where ({}) in (select {} from lochan_removed)", target_, places, removed));
      if (built.rows_written > 0) session_.execute(fmt::format("insert into {} select * from lochan_added", target_));
    });
  }

  Session& session_;
  const ModelBuildRequest& request_;
  const std::string target_;
  HistoryShape shape_;
  std::string key_;
};

}  // namespace

ModelBuilt build_scd2(Session& session, const ModelBuildRequest& request) { return Scd2(session, request).build(); }

}  // namespace lochan
