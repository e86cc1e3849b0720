#include "serve/metrics.h"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <map>
#include <set>

#include "project/project.h"
#include "run/measures.h"
#include "serve/metrics_text.h"

namespace lochan {
namespace {

constexpr int kMostAtOnce = 100;  // runs and ticks taken in by one transaction each
constexpr const char* kGone = "(gone)";

using Labels = MetricsText::Labels;

/// Measures by name, as they are looked for.
class Kept {
 public:
  explicit Kept(const std::vector<Measure>& measures) {
    for (const Measure& measure : measures) by_name_[measure.name].push_back(measure);
  }
  const std::vector<Measure>& of(const std::string& name) const {
    static const std::vector<Measure> kNone;
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? kNone : found->second;
  }

 private:
  std::map<std::string, std::vector<Measure>> by_name_;
};

/// The steps that the project has, each with its kind: what label sets are bounded by.
std::map<std::string, std::string> steps_of(const Project& project) {
  std::map<std::string, std::string> steps;
  for (const auto& [table, model] : project.models) steps[to_string(table)] = to_string(model.materialized);
  for (const auto& [name, source] : project.sources)
    for (const LocatedText& connection : source.from) steps["source:" + name + "/" + *connection] = "source";
  for (const auto& [name, sink] : project.sinks) steps["sink:" + name] = "sink";
  for (const auto& [name, command] : project.commands) steps["command:" + name] = "command";
  return steps;
}

double seconds(Instant instant) { return static_cast<double>(to_micros(instant)) / 1e6; }

class Scrape {
 public:
  Scrape(Lake& lake, TableSizes& sizes)
      : lake_(lake), sizes_(sizes), kept_(Measures(lake.state()).all()), steps_(steps_of(lake.project())), now_(lake.clock().now()) {}

  std::string text() {
    add_steps();
    add_runs();
    add_checks();
    add_tables();
    add_schedules();
    add_alerts();
    add_process();
    return out_.text();
  }

 private:
  /// What steps that are no longer in the project have summed up to is told as one.
  void add_by_step(const std::string& name, const char* family, const char* help, std::string_view only_kind = "") {
    std::map<std::pair<std::string, std::string>, double> values;
    for (const auto& [step, kind] : steps_)
      if (only_kind.empty() || kind == only_kind) values[{kind, step}] = 0;
    for (const Measure& measure : kept_.of(name))
      values[{measure.first, steps_.contains(measure.second) ? measure.second : kGone}] += measure.value;
    out_.family(family, "counter", help);
    for (const auto& [labels, value] : values) out_.sample({{"kind", labels.first}, {"step", labels.second}}, value);
  }

  void add_sums(const std::string& name, const char* family, const char* help, const char* first, const char* second) {
    out_.family(family, "counter", help);
    for (const Measure& measure : kept_.of(name)) out_.sample({{first, measure.first}, {second, measure.second}}, measure.value);
  }

  void add_histogram(const std::string& name, const char* family, const char* help, const char* label) {
    out_.family(family, "histogram", help);
    std::map<std::string, std::map<std::string, double>> buckets;
    for (const Measure& measure : kept_.of(name + "_bucket")) buckets[measure.first][measure.second] = measure.value;
    const auto values = [&](const std::string& suffix) {
      std::map<std::string, double> by_label;
      for (const Measure& measure : kept_.of(name + suffix)) by_label[measure.first] = measure.value;
      return by_label;
    };
    const auto sums = values("_sum"), counts = values("_count");
    for (const auto& [value, counted] : buckets) {
      const auto add = [&](const std::string& bound) {
        const auto found = counted.find(bound);
        out_.sample({{label, value}, {"le", bound}}, found == counted.end() ? 0 : found->second, "_bucket");
      };
      for (const double bound : measure_buckets()) add(fmt::format("{}", bound));
      add("+Inf");
      const auto sum = sums.find(value), count = counts.find(value);
      out_.sample({{label, value}}, sum == sums.end() ? 0 : sum->second, "_sum");
      out_.sample({{label, value}}, count == counts.end() ? 0 : count->second, "_count");
    }
  }

  void add_steps() {
    add_by_step("rows_read", "lochan_rows_read_total", "Records that steps have read from sources.", "source");
    add_by_step("rows_written", "lochan_rows_written_total", "Records that steps have written.");
    add_by_step("rows_removed", "lochan_rows_removed_total", "Records that steps have removed.");
    add_by_step("rows_rejected", "lochan_rows_rejected_total", "Records that were refused and kept aside.");
    add_by_step("rows_late", "lochan_rows_late_total", "Records that came after their interval was over and built.");
    add_by_step("bytes_read", "lochan_bytes_read_total", "Bytes that steps have read from sources, where that is known: files.", "source");
    add_by_step("bytes_written", "lochan_bytes_written_total", "Bytes of files that steps have added to the lake.");
    add_by_step("steps_failed", "lochan_steps_failed_total", "Steps that have failed.");
    add_sums("steps", "lochan_steps_total", "Steps by how they ended.", "kind", "state");
    add_sums("calls", "lochan_calls_total", "Calls of APIs: made, of these held back, and tried again.", "connection", "outcome");
    add_sums("call_wait_seconds", "lochan_call_wait_seconds_total", "How long calls of APIs were held back.", "connection", "outcome");
    add_histogram("step_seconds", "lochan_step_seconds", "How long steps took.", "kind");
    add_histogram("step_queue_seconds", "lochan_step_queue_seconds", "How long steps waited though they could have begun.", "kind");
  }

  void add_runs() {
    add_sums("runs", "lochan_runs_total", "Runs by how they ended.", "command", "state");
    add_histogram("run_seconds", "lochan_run_seconds", "How long runs took.", "command");
    const auto running = lake_.state().query("select count(*) from run where state = 'running'");
    out_.family("lochan_runs_running", "gauge", "Runs that are going on.").sample({}, static_cast<double>(running[0].integer(0)));
    const auto newest = lake_.catalog().publications(1);
    out_.family("lochan_publication", "gauge", "The number of the newest publication.")
        .sample({}, newest.empty() ? 0 : static_cast<double>(newest[0].number));
    out_.family("lochan_publication_timestamp_seconds", "gauge", "When the newest publication was made.")
        .sample({}, newest.empty() ? 0 : seconds(newest[0].at));
  }

  void add_checks() {
    add_sums("rows_failed", "lochan_rows_failed_total", "Records that checks have found wrong.", "table", "severity");
    add_sums("checks_failed", "lochan_checks_failed_total", "Checks that have failed.", "table", "severity");
    add_sums("checks_passed", "lochan_checks_passed_total", "Checks that have passed.", "table", "severity");
  }

  void add_tables() {
    const std::vector<Entry> entries = lake_.catalog().entries("main");
    add_freshness(entries);
    std::vector<std::pair<const Entry*, TableSize>> tables;
    for (const Entry& entry : entries)
      if (entry.kind == EntryKind::Table) tables.emplace_back(&entry, sizes_.of(lake_.catalog(), lake_.store(), entry, now_));
    const auto add = [&](const char* family, const char* help, auto value) {
      out_.family(family, "gauge", help);
      for (const auto& [entry, size] : tables)
        out_.sample({{"layer", entry->table.layer}, {"table", to_string(entry->table)}}, static_cast<double>(value(size)));
    };
    add("lochan_table_data_files", "Files of data that readers of main read.", [](const TableSize& size) { return size.data_files; });
    add("lochan_table_delete_files", "Files of deletions that readers of main read.", [](const TableSize& size) { return size.delete_files; });
    add("lochan_table_bytes", "Bytes in the table's folder, those of earlier publications among them.",
        [](const TableSize& size) { return size.bytes; });
  }

  // A table is as fresh as the last run that built it or saw that nothing was new.
  void add_freshness(const std::vector<Entry>& entries) {
    std::map<std::string, double> fresh_at;
    for (const Measure& measure : kept_.of("fresh_at")) fresh_at[measure.first] = measure.value;
    std::map<std::int64_t, double> published;
    for (const DbRow& row : lake_.state().query("select number, at from publication"))
      published[row.integer(0)] = static_cast<double>(row.integer(1)) / 1e6;
    out_.family("lochan_table_freshness_seconds", "gauge", "Since the table was last known to be up to date.");
    std::vector<std::pair<std::string, double>> changed;
    for (const Entry& entry : entries) {
      const std::string table = to_string(entry.table);
      const auto at = published.find(entry.from_publication);
      const double since = at == published.end() ? 0 : at->second;
      changed.emplace_back(table, since);
      out_.sample({{"layer", entry.table.layer}, {"table", table}}, std::max(0.0, seconds(now_) - std::max(since, fresh_at[table])));
    }
    out_.family("lochan_table_changed_timestamp_seconds", "gauge", "When the table last changed; 0: before the oldest publication.");
    for (const auto& [table, since] : changed) out_.sample({{"table", table}}, since);
  }

  void add_schedules() {
    std::map<std::string, double> lateness, succeeded;
    for (const ScheduleConfig& schedule : lake_.project().schedules) lateness[schedule.name] = succeeded[schedule.name] = 0;
    for (const DbRow& row : lake_.state().query("select schedule, min(due_at) from tick where ended_at is null group by schedule"))
      if (const auto found = lateness.find(row.text(0)); found != lateness.end())
        found->second = std::max(0.0, seconds(now_) - static_cast<double>(row.integer(1)) / 1e6);
    for (const Measure& measure : kept_.of("tick_succeeded_at"))
      if (const auto found = succeeded.find(measure.first); found != succeeded.end()) found->second = measure.value;
    out_.family("lochan_schedule_lateness_seconds", "gauge", "Since the oldest tick that isn't done was due; 0: all are done.");
    for (const auto& [schedule, late] : lateness) out_.sample({{"schedule", schedule}}, late);
    out_.family("lochan_schedule_succeeded_timestamp_seconds", "gauge", "When a tick last succeeded; 0: never.");
    for (const auto& [schedule, at] : succeeded) out_.sample({{"schedule", schedule}}, at);
    add_sums("ticks", "lochan_ticks_total", "Ticks of schedules by how they ended.", "schedule", "state");
    add_histogram("tick_start_seconds", "lochan_tick_start_seconds", "From when ticks were due until they were started.", "schedule");
  }

  void add_alerts() {
    std::map<std::pair<std::string, std::string>, double> values;
    for (const AlertConfig& alert : lake_.project().alerts)
      for (const char* state : {"sent", "failed", "given_up"}) values[{alert.name, state}] = 0;
    for (const Measure& measure : kept_.of("alert_messages")) values[{measure.first, measure.second}] = measure.value;
    out_.family("lochan_alert_messages_total", "counter", "Messages sent and given up, and attempts at sending that failed.");
    for (const auto& [labels, value] : values) out_.sample({{"alert", labels.first}, {"state", labels.second}}, value);
    const auto waiting = lake_.state().query("select count(*) from alert_message where state in ('waiting', 'sending')");
    out_.family("lochan_alert_messages_waiting", "gauge", "Messages that have not been sent yet.")
        .sample({}, static_cast<double>(waiting[0].integer(0)));
  }

  void add_process() {
    std::int64_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    out_.family("lochan_process_resident_memory_bytes", "gauge", "Memory of the process that serves.")
        .sample({}, static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)));
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    out_.family("lochan_process_cpu_seconds_total", "counter", "Processor time of the process that serves.")
        .sample({}, static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9);
    out_.family("lochan_build_info", "gauge", "1, with the program's version.").sample({{"version", LOCHAN_VERSION}}, 1);
  }

  Lake& lake_;
  TableSizes& sizes_;
  const Kept kept_;
  const std::map<std::string, std::string> steps_;
  const Instant now_;
  MetricsText out_;
};

}  // namespace

std::string Metrics::text(Lake& lake) {
  Measures measures(lake.state());
  while (measures.take_in(kMostAtOnce) == kMostAtOnce) {
  }
  return Scrape(lake, sizes_).text();
}

}  // namespace lochan
