#include "run/measures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/json.h"

namespace lochan {
namespace {

constexpr std::array kMigrations = {Migration{"measure", 1, R"(
create table measure(
  name text not null, first text not null, second text not null, value double precision not null,
  primary key (name, first, second))
)"}};

constexpr std::array kBuckets = {0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0};

double number(const DbValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return 0;
}

using Key = std::tuple<std::string, std::string, std::string>;

/// What some runs add.
class Sums {
 public:
  void add(const std::string& name, const std::string& first, const std::string& second, double value) {
    if (value != 0) added_[{name, first, second}] += value;
  }
  void raise(const std::string& name, const std::string& first, double value) {
    double& highest = raised_[{name, first, ""}];
    highest = std::max(highest, value);
  }
  // `le` is the second label; the sum's and the count's is "".
  void observe(const std::string& name, const std::string& first, double seconds) {
    for (const double bound : kBuckets)
      if (seconds <= bound) add(name + "_bucket", first, fmt::format("{}", bound), 1);
    add(name + "_bucket", first, "+Inf", 1);
    add(name + "_sum", first, "", seconds);
    add(name + "_count", first, "", 1);
  }
  void save(Measures& measures) const {
    for (const auto& [key, value] : added_) measures.add({std::get<0>(key), std::get<1>(key), std::get<2>(key), value});
    for (const auto& [key, value] : raised_)
      measures.raise({std::get<0>(key), std::get<1>(key), std::get<2>(key), value});
  }

 private:
  std::map<Key, double> added_, raised_;
};

void add_run(const DbRow& run, Sums& sums) {
  const std::string command = run.text(1);
  sums.add("runs", command, run.text(2), 1);
  sums.observe("run_seconds", command, static_cast<double>(run.integer(4) - run.integer(3)) / 1e6);
}

/// `fresh_since`: what the run's steps left well was up to date then; 0 when nothing of it can be said.
void add_step(const DbRow& step, std::int64_t fresh_since, Sums& sums) {
  const std::string name = step.text(0), kind = step.text(1), state = step.text(2);
  sums.add("steps", kind, state, 1);
  if (state == "failed") sums.add("steps_failed", kind, name, 1);
  constexpr std::array<std::string_view, 6> kSums = {"rows_read",     "rows_written", "rows_removed",
                                                     "rows_rejected", "rows_late",    "bytes_written"};
  for (std::size_t i = 0; i < kSums.size(); ++i) sums.add(std::string(kSums[i]), kind, name, number(step[3 + i]));
  sums.add("bytes_read", kind, name, number(step[12]));
  if (state == "skipped" || state == "cancelled") return;
  sums.observe("step_seconds", kind, number(step[9]));
  sums.observe("step_queue_seconds", kind, number(step[10]));
  if (fresh_since == 0 || (state != "built" && state != "unchanged")) return;
  for (const Json& table : Json::parse(step.text(11)))
    sums.raise("fresh_at", table.get<std::string>(), static_cast<double>(fresh_since) / 1e6);
}

void add_checks(Database& state, std::int64_t run, Sums& sums) {
  for (const DbRow& check :
       state.query("select layer, name, severity, failing, error from check_result where run = $1", {run})) {
    const std::string table = check.text(0) + "." + check.text(1);
    const bool passed = check.integer(3) == 0 && check.text(4).empty();
    sums.add(passed ? "checks_passed" : "checks_failed", table, check.text(2), 1);
    sums.add("rows_failed", table, check.text(2), number(check[3]));
  }
}

}  // namespace

std::span<const double> measure_buckets() { return kBuckets; }

std::span<const Migration> Measures::migrations() { return kMigrations; }

// A run was needed, or there was nothing to do: either way the schedule's tables were brought up to date.
int Measures::take_in_ticks(int most) {
  const auto ticks = state_.query(
      "select number, schedule, state, due_at, started_at, ended_at from tick where measured = 0 and ended_at is not null "
      "order by number limit $1",
      {std::int64_t{most}});
  for (const DbRow& tick : ticks) {
    Sums sums;
    sums.add("ticks", tick.text(1), tick.text(2), 1);
    if (!tick.is_null(4)) sums.observe("tick_start_seconds", tick.text(1), static_cast<double>(tick.integer(4) - tick.integer(3)) / 1e6);
    if (tick.text(2) == "succeeded") sums.raise("tick_succeeded_at", tick.text(1), static_cast<double>(tick.integer(5)) / 1e6);
    state_.write([&] {
      if (state_.execute("update tick set measured = 1 where number = $1 and measured = 0", {tick.integer(0)}) > 0) sums.save(*this);
    });
  }
  return static_cast<int>(ticks.size());
}

int Measures::take_in(int most) { return std::max(take_in_runs(most), take_in_ticks(most)); }

int Measures::take_in_runs(int most) {
  const auto runs = state_.query(
      "select run, command, state, started_at, finished_at, target from run where measured = 0 and finished_at is not "
      "null "
      "order by run limit $1",
      {std::int64_t{most}});
  for (const DbRow& run : runs) {
    Sums sums;
    add_run(run, sums);
    const bool is_fresh = run.text(2) == "succeeded" && run.text(5) == "main";
    for (const DbRow& step : state_.query("select name, kind, state, rows_read, rows_written, rows_removed, "
                                          "rows_rejected, rows_late, bytes_written, "
                                          "seconds, queue_seconds, tables, bytes_read from step where run = $1",
                                          {run.integer(0)}))
      add_step(step, is_fresh ? run.integer(3) : 0, sums);
    add_checks(state_, run.integer(0), sums);
    state_.write([&] {
      if (state_.execute("update run set measured = 1 where run = $1 and measured = 0", {run.integer(0)}) > 0)
        sums.save(*this);
    });
  }
  return static_cast<int>(runs.size());
}

std::vector<Measure> Measures::all() const {
  std::vector<Measure> measures;
  for (const DbRow& row : state_.query("select name, first, second, value from measure order by name, first, second"))
    measures.push_back({row.text(0), row.text(1), row.text(2), number(row[3])});
  return measures;
}

void Measures::note_fresh(std::span<const TableName> tables, Instant at) {
  if (tables.empty()) return;
  state_.write([&] {
    for (const TableName& table : tables) raise({"fresh_at", to_string(table), "", static_cast<double>(to_micros(at)) / 1e6});
  });
}

void Measures::add(const Measure& measure) {
  state_.execute(
      "insert into measure(name, first, second, value) values ($1, $2, $3, $4) "
      "on conflict(name, first, second) do update set value = measure.value + excluded.value",
      {measure.name, measure.first, measure.second, measure.value});
}

void Measures::raise(const Measure& measure) {
  state_.execute(
      "insert into measure(name, first, second, value) values ($1, $2, $3, $4) on conflict(name, first, second) do "
      "update "
      "set value = case when excluded.value > measure.value then excluded.value else measure.value end",
      {measure.name, measure.first, measure.second, measure.value});
}

}  // namespace lochan
