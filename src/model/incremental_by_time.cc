// materialized: incremental, by time. The SQL gives the rows of a range of intervals; where they differ from those that
// are there, intervals are written anew.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "engine/lake_time.h"
#include "model/statements.h"

namespace lochan {
namespace {

class ByTime {
 public:
  ByTime(Session& session, const ModelBuildRequest& request)
      : session_(session),
        request_(request),
        target_(lake_name(session, request.model)),
        column_(sql::identifier(**request.model.time)),
        is_there_(request.current && !request.rebuild) {}

  ModelBuilt build() {
    for (const TimeRange& range : request_.ranges) build_range(range);
    session_.execute("drop table if exists lochan_new");
    if (built_.changed && is_there_) built_.rewritten = compact_table(session_, request_);
    return built_;
  }

 private:
  void build_range(TimeRange range) {
    ModelBuildRequest request = request_;
    request.parameters["since"] = {"TIMESTAMPTZ", to_string(range.from)};
    request.parameters["until"] = {"TIMESTAMPTZ", to_string(range.until)};
    stage(session_, request);
    const std::vector<Column> columns = session_.describe("select * from lochan_new");
    type_ = std::ranges::find(columns, **request.model.time, &Column::name)->type;
    require_inside(range);
    if (!is_made_ && !is_there_) {
      built_.rows_written += replace_table(session_, request, "select * from lochan_new");
      built_.changed = is_made_ = true;
      return;
    }
    if (!is_made_) require_same_columns(request_, columns);
    is_made_ = true;
    write(range);
  }

  std::string within(TimeRange range) const { return time_within(column_, type_, range); }

  std::string within(const TimeRanges& ranges) const {
    std::vector<std::string> parts;
    for (const TimeRange& range : ranges.ranges()) parts.push_back(within(range));
    return fmt::format("{}", fmt::join(parts, " or "));
  }

  // A row that lies elsewhere would be doubled or lost when its own interval is built.
  void require_inside(TimeRange range) {
    const Rows outside = session_.query(fmt::format(
        "select count(*), min({0})::varchar from lochan_new where ({1}) is not true", column_, within(range)));
    const std::int64_t count = outside.integer(0, 0);
    if (count == 0) return;
    const std::string& name = **request_.model.time;
    const auto& example = outside.rows[0][1];
    throw Error(ErrorKind::Data,
                fmt::format("`{}`: {} of its rows for {} {}", to_string(request_.model.table), count,
                            show_intervals(range, request_.model.interval),
                            example ? fmt::format("lie outside of it, as with `{}` = {}", name, *example)
                                    : fmt::format("have a null in `{}`", name)))
        .at(request_.model.position)
        .hint(fmt::format(
            "its SQL must give the rows of the intervals that are asked for and no others: `{0}` at or after `$since` "
            "and before `$until` (UTC)",
            name));
  }

  std::int64_t count(const std::string& from) { return session_.query("select count(*) from " + from).integer(); }

  void write(TimeRange range) {
    const std::string there = fmt::format("{} where {}", target_, within(range));
    if (count(there) == 0) return insert("lochan_new");
    // Only what differs: rows that came late into an interval of many are added to it, and one that is the same is
    // left.
    session_.execute(fmt::format(
        "create or replace temp table lochan_added as select * from lochan_new except all select * from {}", there));
    session_.execute(
        fmt::format("create or replace temp table lochan_gone as select {0} from (select * from {1} except all select "
                    "* from lochan_new)",
                    column_, there));
    if (count("lochan_gone") == 0) {
      insert("lochan_added");
    } else {
      exchange();
    }
    session_.execute("drop table lochan_added");
    session_.execute("drop table lochan_gone");
  }

  void insert(const std::string& from) {
    if (count(from) == 0) return;
    built_.rows_written += session_.execute(fmt::format("insert into {} select * from {}", target_, from));
    built_.changed = true;
  }

  // Intervals that lost a row are taken away and written whole; the others get what they lack.
  void exchange() {
    const std::string anew = within(time_intervals(session_, "lochan_gone", column_, "", request_.model.interval));
    session_.transaction([&] {
      built_.rows_removed += session_.execute(fmt::format("delete from {} where {}", target_, anew));
      built_.rows_written += session_.execute(fmt::format(
          "insert into {0} select * from lochan_new where {1} union all select * from lochan_added where not ({1})",
          target_, anew));
    });
    built_.changed = true;
  }

  Session& session_;
  const ModelBuildRequest& request_;
  const std::string target_;
  const std::string column_;  // quoted
  const bool is_there_;       // the table that was there is built on
  bool is_made_ = false;      // a range has been written
  std::string type_;          // of the column
  ModelBuilt built_{.changed = false};
};

}  // namespace

ModelBuilt build_by_time(Session& session, const ModelBuildRequest& request) {
  return ByTime(session, request).build();
}

}  // namespace lochan
