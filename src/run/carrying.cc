#include "run/carrying.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <thread>

#include "run/query.h"
#include "run/sink_marks.h"
#include "run/worker.h"

namespace lochan {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::int64_t kFewRows = 100'000;  // of a table

Versions versions_at(Lake& lake, const std::string& ref) {
  return Versions([&lake, ref](const TableName& name) { return lake.catalog().find(ref, name); });
}

std::string at(std::int64_t publication) { return fmt::format("at-{}", publication); }

// Ends an attempt that takes too long, or whose run is to stop.
class Watch {
 public:
  Watch(std::stop_token stop, std::chrono::seconds timeout, Sink& sink, Session& session)
      : thread_([=, &sink, &session, this](const std::stop_token& done) {
          const auto deadline = SteadyClock::now() + timeout;
          std::mutex mutex;
          std::condition_variable_any changed;
          std::unique_lock lock(mutex);
          while (!done.stop_requested()) {
            changed.wait_for(lock, done, kTick, [] { return false; });
            if (done.stop_requested()) return;
            is_late_ = SteadyClock::now() > deadline;
            if (!is_late_ && !stop.stop_requested()) continue;
            // Again and again: what comes between two statements is lost.
            session.interrupt();
            sink.cancel();
          }
        }) {}

  bool is_late() const { return is_late_; }

 private:
  std::atomic<bool> is_late_ = false;
  std::jthread thread_;
};

// Other publications that the sinks ask for, each attached once.
class Publications {
 public:
  Publications(Lake& lake, Engine& engine, LakeReader& now, std::int64_t publication)
      : lake_(lake), engine_(engine), now_(now), publication_(publication) {}

  std::optional<std::string> rows(const TableName& table, std::int64_t publication, const std::string& version) {
    if (publication < 1 || publication > lake_.catalog().current_publication()) return std::nullopt;
    try {
      const auto then = lake_.catalog().find(at(publication), table);
      const auto now = lake_.catalog().find(at(publication_), table);
      if (!then || !now || then->columns != now->columns) return std::nullopt;
      if (versions_at(lake_, at(publication)).of(table) != version) return std::nullopt;
      if (publication == publication_) return now_.resolve_name(table);
      auto& reader = readers_[publication];
      if (!reader) reader = std::make_unique<LakeReader>(lake_, at(publication), engine_);
      return reader->resolve_name(table);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound) throw;
      return std::nullopt;  // beyond retention
    }
  }

 private:
  Lake& lake_;
  Engine& engine_;
  LakeReader& now_;
  const std::int64_t publication_;
  std::map<std::int64_t, std::unique_ptr<LakeReader>> readers_;
};

std::string loaded_at(const Entry& entry) {
  const bool is_log = std::ranges::find(entry.columns, "_loaded_at", &Column::name) != entry.columns.end();
  const auto found = entry.properties.find("lochan.loaded_at");
  return is_log && found != entry.properties.end() ? found->second : "";
}

}  // namespace

bool is_carried(Lake& lake, const SinkConfig& sink, const SinkTable& table, const std::string& data_version) {
  const auto mark = SinkMarks(lake.state()).find(sink.name, table.table);
  const Connection& connection = lake.project().connections.at(*sink.to);
  return mark && mark->data_version == data_version && mark->setting == setting_digest(table) &&
         mark->target == target_digest(connection, sink, table);
}

std::vector<StepReport> Carrying::run(const std::vector<PlannedSink>& sinks) {
  std::vector<StepReport> reports;
  for (const PlannedSink& planned : sinks) {
    if (planned.state == PlanState::Fresh) continue;
    StepReport& report = reports.emplace_back();
    report.name = "sink:" + planned.name;
    report.kind = "sink";
    report.reason = planned.reason;
  }
  std::vector<std::jthread> threads;
  for (StepReport& report : reports)
    threads.emplace_back([this, &report] {
      steps_.run(report, [&] { return carry(lake_.project().sinks.at(report.name.substr(5)), report); });
    });
  threads.clear();
  return reports;
}

// Those that may have moved since the sink last carried them; a table that was never built is none.
std::vector<const SinkTable*> Carrying::moved_tables(const SinkConfig& sink, std::int64_t publication) {
  std::vector<const SinkTable*> tables;
  Versions versions = versions_at(lake_, at(publication));
  for (const SinkTable& table : sink.tables) {
    const auto version = versions.of(table.table);
    if (version && (in_full_ || !is_carried(lake_, sink, table, *version))) tables.push_back(&table);
  }
  return tables;
}

StepState Carrying::carry(const SinkConfig& sink, StepReport& report) {
  const std::int64_t publication = lake_.catalog().current_publication();
  const std::vector<const SinkTable*> tables = moved_tables(sink, publication);
  for (const SinkTable* table : tables) report.tables.push_back(table->table);
  if (tables.empty()) return StepState::Unchanged;
  const Connection& connection = lake_.project().connections.at(*sink.to);
  const auto target = make_sink(connection);
  const AttemptLimits limits = attempt_limits(lake_.project().run, sink.limits);
  const auto places = steps_.wait_for_place(Pools(lake_), *sink.to);
  if (!places) throw Error(ErrorKind::Unavailable, "cancelled while it waited for a place in a pool");
  std::vector<CarriedTable> carried;
  steps_.retry(
      report, limits, [&] { carried = attempt(*target, sink, publication, tables, limits); },
      [&](const Error&) {
        recover_engine();
        return retry_delay(limits, report.attempts);
      });
  bool changed = false;
  for (std::size_t i = 0; i < carried.size(); ++i) {
    report.rows_written += carried[i].rows_written;
    report.rows_removed += carried[i].rows_removed;
    changed = changed || carried[i].changed;
    SinkMarks(lake_.state())
        .save(sink.name, carried[i].table,
              {target_digest(connection, sink, *tables[i]), setting_digest(*tables[i]), carried[i].data_version,
               carried[i].publication},
              lake_.clock().now());
  }
  return changed ? StepState::Built : StepState::Unchanged;
}

std::vector<CarriedTable> Carrying::attempt(Sink& target, const SinkConfig& sink, std::int64_t publication,
                                            const std::vector<const SinkTable*>& tables, const AttemptLimits& limits) {
  // Of few rows several threads would make small pieces, and wait for each other longer than they work.
  if (!engine_.is_open()) engine_.open_with_threads(1);
  LakeReader now(lake_, at(publication), engine_);
  Publications publications(lake_, engine_, now, publication);
  Versions versions = versions_at(lake_, at(publication));
  const Connection& connection = lake_.project().connections.at(*sink.to);
  CarryRequest request;
  request.sink = &sink;
  request.project = lake_.project().name;
  request.publication = publication;
  request.in_full = in_full_;
  request.rows_at = [&](const TableName& table, std::int64_t other, const std::string& version) {
    return publications.rows(table, other, version);
  };
  const SinkMarks marks(lake_.state());
  for (const SinkTable* table : tables) {
    const auto entry = lake_.catalog().find(at(publication), table->table);
    const auto mark = marks.find(sink.name, table->table);
    const std::string rows = now.resolve_name(table->table);
    const std::int64_t count = now.session().query("select count(*) from " + rows).integer();
    if (count > kFewRows) now.session().execute(fmt::format("set global threads = {}", thread_count(lake_.project().engine.threads)));
    request.tables.push_back({table, *versions.of(table->table), entry->columns, rows, count, loaded_at(*entry),
                              mark && mark->target == target_digest(connection, sink, *table)});
  }
  const Watch watch(steps_.stop(), limits.timeout, target, now.session());
  try {
    return target.carry(now.session(), request);
  } catch (const Error&) {
    if (!watch.is_late()) throw;
    throw took_too_long(ErrorKind::Data, limits);
  }
}

void Carrying::recover_engine() {
  const std::lock_guard lock(mutex_);
  if (engine_.is_invalidated()) engine_.reopen();
}

}  // namespace lochan
