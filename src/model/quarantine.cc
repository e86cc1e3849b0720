// Quarantine: rows that a check refuses are taken out of what a model's SQL gives, before any materialization writes it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/sql.h"
#include "engine/compaction.h"
#include "engine/lake_time.h"
#include "model/statements.h"
#include "project/rejected_name.h"

namespace lochan {
namespace {

const std::string kStaged = "lochan_quarantine";

class QuarantinedBuild {
 public:
  QuarantinedBuild(Session& session, const ModelBuildRequest& request)
      : session_(session), request_(request), is_whole_(request.rebuild || !request.current ||
                                                        request.model.materialized == Materialization::Table) {
    for (const LocatedText& column : request.model.key) key_.push_back(*column);
  }

  ModelBuilt build(const std::function<ModelBuilt(const ModelBuildRequest&)>& build) {
    if (request_.model.time && request_.ranges.empty()) return build(request_);
    stage_all();
    const std::int64_t rows = session_.query("select count(*) from " + kStaged).integer();
    Refused refused(session_);
    const std::vector<Column> columns = session_.describe("from " + kStaged);
    refused.take_failing(kStaged, columns, request_.quarantine.rules, key_, key_position(key_), "", request_.parameters);
    require_within(request_.model.max_rejected, refused, rows, is_whole_, to_string(request_.model.table),
                   request_.model.position);
    ModelBuilt built = build(sound(columns, refused));
    log(refused, built);
    session_.execute(fmt::format("drop table {}; drop table lochan_refused", kStaged));
    return built;
  }

 private:
  void stage_all() {
    const std::string select = in_lake_types(session_, request_);
    if (!request_.model.time) {
      session_.execute(fmt::format("create or replace temp table {} as {}", kStaged, select), request_.parameters);
      return;
    }
    bool is_made = false;
    for (const TimeRange& range : request_.ranges) {
      Parameters parameters = request_.parameters;
      parameters["since"] = {"TIMESTAMPTZ", to_string(range.from)};
      parameters["until"] = {"TIMESTAMPTZ", to_string(range.until)};
      session_.execute(fmt::format("{} {} {}", is_made ? "insert into" : "create or replace temp table", kStaged,
                                   is_made ? select : "as " + select),
                       parameters);
      is_made = true;
    }
  }

  // The same build, of the rows that no rule refuses.
  ModelBuildRequest sound(std::span<const Column> columns, const Refused& refused) const {
    ModelBuildRequest sound = request_;
    if (request_.model.materialized != Materialization::Scd2 && !request_.model.time) {
      sound.select = "select * from " + kStaged;
      return sound;
    }
    // A history may ask again, for the whole past of a key; by time the SQL is asked for each range.
    std::vector<std::string> failing;
    for (const RowRule& rule : request_.quarantine.rules) failing.push_back(fmt::format("coalesce((\n{}\n), false)", rule.failing));
    if (!failing.empty())
      sound.select = fmt::format("select * from (\n{}\n) where not ({})", request_.select, fmt::join(failing, " or "));
    if (refused.count() == 0 || key_.empty()) return sound;
    std::vector<Column> key;
    for (const std::string& name : key_) key.push_back(*std::ranges::find(columns, name, &Column::name));
    sound.quarantine.refused_keys = fmt::format("select {} from lochan_refused", payload_values(key));
    return sound;
  }

  // Which of the open refused rows this build has looked at again.
  std::string covered(const std::string& log) const {
    if (is_whole_) return "true";
    if (request_.model.time) return within_ranges(log);
    if (key_.empty()) return "false";
    return fmt::format("record_key in (select {} from {} union all select record_key from lochan_refused)",
                       record_key(key_), kStaged);
  }

  std::string within_ranges(const std::string& log) const {
    const std::vector<Column> columns = session_.describe("from " + kStaged);
    const Column time = *std::ranges::find(columns, **request_.model.time, &Column::name);
    std::vector<std::string> parts;
    for (const TimeRange& range : request_.ranges) parts.push_back(time_within(sql::identifier(time.name), time.type, range));
    return fmt::format("rejected_id in (select rejected_id from (select rejected_id, {} from {}) where {})",
                       payload_values(std::span(&time, 1)), log, fmt::join(parts, " or "));
  }

  void log(const Refused& refused, ModelBuilt& built) {
    const std::string name = sql::identifier(session_.lake()) + "." + quoted(rejected_table(request_.model.table));
    const RejectedLog log{name, request_.quarantine.has_log, "", request_.quarantine.at, request_.quarantine.run, covered(name)};
    built.log_changed = log_refused(refused, log);
    built.rows_rejected = refused.count();
    if (built.log_changed && log.exists && !request_.is_immutable) compact(session_, name, "");
  }

  Session& session_;
  const ModelBuildRequest& request_;
  const bool is_whole_;
  std::vector<std::string> key_;
};

}  // namespace

ModelBuilt build_in_quarantine(Session& session, const ModelBuildRequest& request,
                               const std::function<ModelBuilt(const ModelBuildRequest&)>& build) {
  return QuarantinedBuild(session, request).build(build);
}

}  // namespace lochan
