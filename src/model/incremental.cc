// materialized: incremental, by key. The SQL gives new versions of some keys; rows that differ are merged in.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "model/statements.h"

namespace lochan {
namespace {

class Incremental {
 public:
  Incremental(Session& session, const ModelBuildRequest& request)
      : session_(session), request_(request), target_(lake_name(session, request.model)) {
    for (const LocatedText& column : request.model.key) key_.push_back(*column);
  }

  ModelBuilt build() {
    stage(session_, request_);
    require_sound_keys();
    ModelBuilt built;
    if (request_.rebuild || !request_.current) {
      built.rows_written = replace_table(session_, request_, "select * from lochan_new");
    } else {
      require_same_columns(request_, session_.describe("select * from lochan_new"));
      built = merge();
    }
    session_.execute("drop table if exists lochan_new");
    return built;
  }

 private:
  std::string same_key(std::string_view left, std::string_view right) const {
    std::vector<std::string> parts;
    for (const std::string& column : key_)
      parts.push_back(fmt::format("{0}.{2} = {1}.{2}", left, right, sql::identifier(column)));
    return fmt::format("{}", fmt::join(parts, " and "));
  }

  void require_sound_keys() {
    std::vector<std::string> nulls;
    for (const std::string& column : key_) nulls.push_back(sql::identifier(column) + " is null");
    const std::int64_t null_keys =
        session_.query(fmt::format("select count(*) from lochan_new where {}", fmt::join(nulls, " or "))).integer();
    if (null_keys > 0) fail(fmt::format("{} rows have a null in the key", null_keys), "filter them out in its SQL");
    const Rows twice = session_.query(fmt::format("select {0}, count(*) from lochan_new group by {0} having count(*) > 1 limit 1",
                                                  sql::identifiers(key_)));
    if (twice.empty()) return;
    std::vector<std::string> values;
    for (std::size_t i = 0; i < key_.size(); ++i)
      values.push_back(fmt::format("{} = {}", key_[i], twice.rows[0][i].value_or("null")));
    fail(fmt::format("its SQL gives {} rows for the key {}", *twice.rows[0].back(), fmt::join(values, ", ")),
         "keep one of them, as with `qualify row_number() over (partition by … order by …) = 1`");
  }

  [[noreturn]] void fail(const std::string& what, const std::string& hint) const {
    throw Error(ErrorKind::Data, fmt::format("`{}`: {}", to_string(request_.model.table), what))
        .at(request_.model.position)
        .hint(hint);
  }

  ModelBuilt merge() {
    ModelBuilt built;
    // Only what differs: a run that reads rows again (a lookback, an earlier mark) writes nothing for them.
    session_.execute(fmt::format("create or replace temp table lochan_changed as select * from lochan_new except all "
                                 "select t.* from {} t semi join lochan_new s on {}",
                                 target_, same_key("t", "s")));
    const std::int64_t rows = session_.query("select count(*) from lochan_changed").integer();
    built.changed = rows > 0;
    if (rows > 0) {
      merge_changed();
      built.rewritten = compact_table(session_, request_);
      built.rows_written = rows;
    }
    session_.execute("drop table lochan_changed");
    return built;
  }

  void merge_changed() {
    std::vector<std::string> columns, sets, values;
    for (const Column& column : request_.current->columns) {
      const std::string name = sql::identifier(column.name);
      columns.push_back(name);
      values.push_back("s." + name);
      if (std::ranges::find(key_, column.name) == key_.end()) sets.push_back(fmt::format("{0} = s.{0}", name));
    }
    const std::string update = sets.empty() ? "" : fmt::format("when matched then update set {} ", fmt::join(sets, ", "));
    session_.execute(fmt::format("merge into {} as t using lochan_changed as s on {} {}when not matched then insert ({}) "
                                 "values ({})",
                                 target_, same_key("t", "s"), update, fmt::join(columns, ", "), fmt::join(values, ", ")));
  }

  Session& session_;
  const ModelBuildRequest& request_;
  const std::string target_;
  std::vector<std::string> key_;
};

}  // namespace

ModelBuilt build_incremental(Session& session, const ModelBuildRequest& request) {
  return Incremental(session, request).build();
}

}  // namespace lochan
