#include "schedule/scheduler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "project/scalar.h"

namespace lochan {
namespace {

// A time so long ago was served, if late: the loop has other things to do too.
constexpr std::chrono::seconds kOnTime{60};
// A clock set back by less runs through times it has been at before: nothing is due, as cron has it. By more: it had
// been wrong.
constexpr std::chrono::hours kClockWasWrong{3};
// A further try comes sooner; when it seems to be farther off, the clock was set back.
constexpr std::chrono::minutes kLongestDelay{1};

Instant whole_millis(Instant at) { return std::chrono::floor<std::chrono::milliseconds>(at); }

std::string calendar_text(const ScheduleConfig& schedule) {
  if (schedule.cron) return fmt::format("cron {} {}", **schedule.cron, *schedule.timezone);
  if (schedule.every) return fmt::format("every {}", show_duration(*schedule.every));
  std::string text = "after";
  for (const LocatedText& table : schedule.after) text += " " + *table;
  return text;
}

std::int64_t newest_run(Database& state) {
  return state.query("select coalesce(max(run), 0) from run")[0].integer(0);
}

std::string missed_reason(bool is_jumped_over, bool is_cut) {
  if (is_jumped_over)
    return is_cut ? "the clock was set forward over its time, and those before it, which are not kept"
                  : "the clock was set forward over its time";
  return is_cut ? "nothing served at its time, nor at those before it, which are not kept" : "nothing served at its time";
}

// What `after` names: a table, or any of a source's.
std::vector<TableName> tables_of(const Project& project, const std::string& name) {
  constexpr std::string_view kSource = "source:";
  if (!name.starts_with(kSource)) return {parse_table_name(name).value()};
  std::vector<TableName> tables;
  for (const SourceTable& table : project.sources.at(name.substr(kSource.size())).tables)
    tables.push_back({"raw", table.name});
  return tables;
}

bool is_waiting(const Tick& tick) { return tick.state == TickState::Due || tick.state == TickState::Held; }
bool is_running(const Tick& tick) { return tick.state == TickState::Running; }

}  // namespace

Scheduler::Scheduler(Lake& lake, ClockJumps& jumps)
    : lake_(lake), jumps_(jumps), ticks_(lake.state()), rows_(lake.state()) {
  for (const ScheduleConfig& config : lake.project().schedules) {
    Entry& entry = entries_[config.name];
    entry.config = &config;
    entry.calendar = Calendar::of(config);
  }
  read_rows(lake.clock().now());
}

void Scheduler::read_rows(Instant now) {
  std::map<std::string, ScheduleRow> known;
  for (ScheduleRow& row : rows_.all()) known.emplace(row.name, std::move(row));
  std::vector<ScheduleRow> fresh;
  for (auto& [name, entry] : entries_) {
    const std::string calendar = calendar_text(*entry.config);
    auto found = known.find(name);
    if (found == known.end() || found->second.calendar != calendar) {
      fresh.push_back({.name = name, .calendar = calendar});
      fresh.back().reached_at = now;
      fresh.back().seen = lake_.catalog().current_publication();
      fresh.back().makers = newest_run(lake_.state());
      found = known.insert_or_assign(name, fresh.back()).first;
    }
    entry.reached = found->second.reached_at;
    entry.seen = found->second.seen;
    entry.makers = found->second.makers;
    if (entry.calendar) entry.next = entry.calendar->next(entry.reached);
  }
  if (fresh.empty()) return;
  lake_.state().write([&] {
    for (const ScheduleRow& row : fresh) rows_.put(row);
  });
}

void Scheduler::read_what_people_said() {
  for (auto& [name, entry] : entries_) entry.is_paused = entry.config->paused;
  for (const ScheduleRow& row : rows_.touched()) {
    const auto found = entries_.find(row.name);
    if (found == entries_.end()) continue;
    found->second.is_paused = row.is_paused.value_or(found->second.config->paused);
    found->second.released = row.released;
  }
}

Scheduler::OpenTicks Scheduler::read_open() const {
  OpenTicks open;
  for (Tick& tick : ticks_.open()) open[tick.key.schedule].push_back(std::move(tick));
  return open;
}

std::vector<Tick> Scheduler::look() {
  const Instant now = lake_.clock().now();
  read_what_people_said();
  make_ticks(now);
  OpenTicks open = read_open();
  for (auto& [name, entry] : entries_) {
    if (entry.config->after.empty() || entry.is_paused) continue;
    if (entry.config->wait_for_manual) look_at_makers(entry);
    if (make_publication_tick(entry, open[name], now)) open[name] = ticks_.open(name);
  }
  std::vector<Tick> ready;
  for (auto& [name, ticks] : open) {
    const auto entry = entries_.find(name);
    settle(entry == entries_.end() ? nullptr : &entry->second, ticks, now);
    if (entry == entries_.end()) continue;
    if (const Tick* tick = first_ready(entry->second, ticks, now)) ready.push_back(*tick);
  }
  std::ranges::stable_sort(ready, {}, [](const Tick& tick) { return tick.key.due_at; });
  return ready;
}

void Scheduler::make_ticks(Instant now) {
  const bool is_undone = jumps_.look(now);
  std::vector<std::pair<Entry*, Instant>> reached;
  for (auto& [name, entry] : entries_) {
    if (!entry.calendar) continue;
    const bool was_wrong = entry.reached > now + kClockWasWrong;
    if (was_wrong || (is_undone && entry.reached > now)) begin_anew(entry, now, !was_wrong);
    if (entry.next && *entry.next <= now) reached.emplace_back(&entry, *entry.next);
  }
  if (reached.empty()) return;
  lake_.state().write([&] {
    for (auto& [entry, at] : reached) {
      at = make_calendar_ticks(*entry, now);
      rows_.set_reached(entry->config->name, at);
      ticks_.roll_over(entry->config->name, kKeepTicks);
    }
  });
  for (const auto& [entry, at] : reached) {
    entry->reached = at;
    entry->next = entry->calendar->next(at);
  }
}

// The clock had been ahead: the times that it was at are due when they come. When it was so by little, what was run for
// them isn't run again.
void Scheduler::begin_anew(Entry& entry, Instant now, bool keeps_what_ran) {
  lake_.state().write([&] {
    ticks_.forget_ahead(entry.config->name, now, keeps_what_ran);
    rows_.set_reached(entry.config->name, now);
  });
  entry.reached = now;
  entry.next = entry.calendar->next(now);
}

// Newest first. Of those that the clock was set forward over no more than may wait: they were never there.
std::vector<Instant> Scheduler::times_since(const Entry& entry, Instant now) const {
  std::vector<Instant> times;
  int jumped_over = 0;
  for (auto at = entry.calendar->previous(now); at && *at > entry.reached;
       at = entry.calendar->previous(*at - std::chrono::microseconds{1})) {
    times.push_back(*at);
    jumped_over += jumps_.was_jumped_over(*at) ? 1 : 0;
    if (times.size() == std::size_t{kKeepTicks} || jumped_over == kMostWaiting) break;
  }
  return times;
}

// Returns the newest time that has come.
Instant Scheduler::make_calendar_ticks(const Entry& entry, Instant now) {
  const std::vector<Instant> times = times_since(entry, now);
  if (times.empty()) return *entry.next;
  const CatchUp catch_up = entry.config->catch_up;
  const auto before = entry.calendar->previous(times.back() - std::chrono::microseconds{1});
  const bool is_cut = before && *before > entry.reached;
  for (std::size_t i = times.size(); i-- > 0;) {
    const bool is_jumped_over = jumps_.was_jumped_over(times[i]);
    const bool is_due = (i == 0 && (catch_up != CatchUp::None || now - times[0] <= kOnTime)) ||
                        (catch_up == CatchUp::All && i < std::size_t{kMostWaiting} && !is_jumped_over);
    if (entry.is_paused)
      insert(entry, times[i], TickState::Skipped, "the schedule is paused", now);
    else if (is_due)
      insert(entry, times[i], TickState::Due, "", now);
    else
      insert(entry, times[i], TickState::Missed, missed_reason(is_jumped_over, is_cut && i + 1 == times.size()), now);
  }
  return times[0];
}

void Scheduler::insert(const Entry& entry, Instant due_at, TickState state, std::string reason, Instant now) {
  Tick tick;
  tick.key = {entry.config->name, due_at};
  tick.state = state;
  tick.reason = std::move(reason);
  if (state != TickState::Due) tick.ended_at = now;
  ticks_.insert(tick);
}

// What is published while a tick waits belongs to it, and what is published while it runs to the next one.
bool Scheduler::make_publication_tick(Entry& entry, const std::vector<Tick>& open, Instant now) {
  if (std::ranges::any_of(open, is_waiting)) return false;
  if (entry.config->while_running == WhileRunning::Skip && std::ranges::any_of(open, is_running)) return false;
  // When what makes its tables failed, there is a tick to say so, which is held.
  if (entry.maker_failed.empty() && !was_published_again(entry)) return false;
  lake_.state().write([&] {
    insert(entry, whole_millis(now), TickState::Due, "", now);
    ticks_.roll_over(entry.config->name, kKeepTicks);
  });
  return true;
}

bool Scheduler::was_published_again(Entry& entry) {
  const std::int64_t publication = lake_.catalog().current_publication();
  if (publication == entry.seen || publication == entry.looked_at) return false;
  for (const LocatedText& name : entry.config->after) {
    const bool is_published = std::ranges::any_of(tables_of(lake_.project(), *name), [&](const TableName& table) {
      const auto found = lake_.catalog().find("main", table);
      return found && found->from_publication > entry.seen;
    });
    if (is_published) continue;
    entry.looked_at = publication;
    return false;
  }
  return true;
}

// Asked anew when a run has begun or ended.
void Scheduler::look_at_makers(Entry& entry) const {
  const auto running = lake_.state().query("select count(*) from run where state = 'running'");
  const std::string seen = fmt::format("{} {} {}", newest_run(lake_.state()), running[0].integer(0), entry.makers);
  if (seen == entry.makers_seen) return;
  entry.makers_seen = seen;
  entry.maker_failed.clear();
  for (const LocatedText& name : entry.config->after)
    for (const TableName& table : tables_of(lake_.project(), *name))
      if (entry.maker_failed.empty()) entry.maker_failed = failed_maker(entry, to_string(table));
}

// Of the runs on main that were to make the table the last must not have failed at it.
std::string Scheduler::failed_maker(const Entry& entry, const std::string& table) const {
  const auto rows = lake_.state().query(
      "select step.run, step.state from step join run on run.run = step.run where step.run > $1 and "
      "run.target = 'main' and run.state not in ('running', 'nothing to do') and step.tables like $2 order by step.run desc limit 1",
      {entry.makers, fmt::format("%\"{}\"%", table)});
  if (rows.empty() || rows[0].text(1) == "built" || rows[0].text(1) == "unchanged") return "";
  return fmt::format("run {} failed to make `{}`: restart it, or: lochan schedule release {}", rows[0].integer(0), table,
                     entry.config->name);
}

void Scheduler::settle(Entry* entry, std::vector<Tick>& open, Instant now) {
  std::vector<Tick> left;
  for (Tick& tick : open) {
    const std::string skipped = is_waiting(tick) ? skip_reason(entry, tick, left) : "";
    if (!skipped.empty()) {
      ticks_.end(tick.key, TickState::Skipped, skipped, now);
      continue;
    }
    if (entry != nullptr && mark(*entry, tick, now)) ticks_.update(tick);
    left.push_back(tick);
  }
  open = std::move(left);
}

// Late, held, free again. Whether something has changed.
bool Scheduler::mark(Entry& entry, Tick& tick, Instant now) {
  bool is_changed = false;
  if (const auto& late = entry.config->late_after; late && !tick.late_at && jumps_.passed(tick.key.due_at, now) > *late) {
    tick.late_at = now;
    is_changed = true;
  }
  if (!is_waiting(tick) || tick.by_hand || tick.starts > 0 || !entry.config->wait_for_manual) return is_changed;
  const std::string hold = hold_reason(entry);
  const TickState state = hold.empty() ? TickState::Due : TickState::Held;
  if (state == tick.state && (state == TickState::Due || hold == tick.reason)) return is_changed;
  tick.state = state;
  tick.reason = hold;
  return true;
}

// `before`: the open ticks of the schedule that are older.
std::string Scheduler::skip_reason(const Entry* entry, const Tick& tick, const std::vector<Tick>& before) const {
  if (entry == nullptr) return "lochan.yaml has no such schedule any more";
  if (tick.by_hand || tick.starts > 0) return "";
  if (tick.state == TickState::Held)
    if (std::string done = done_by_hand(tick); !done.empty()) return done;
  const auto running = std::ranges::find_if(before, is_running);
  if (running != before.end() && entry->config->while_running == WhileRunning::Skip)
    return fmt::format("the tick of {} still ran", to_iso8601(running->key.due_at));
  const auto waits = [](const Tick& other) { return is_waiting(other) && !other.by_hand; };
  const auto waiting = std::ranges::find_if(before, waits);
  if (waiting == before.end()) return "";
  const bool may_wait = entry->config->catch_up == CatchUp::All && std::ranges::count_if(before, waits) < kMostWaiting;
  if (may_wait) return "";
  return fmt::format("the tick of {} still {}", to_iso8601(waiting->key.due_at),
                     waiting->state == TickState::Held ? "was held" : "waited");
}

// What a person triggered later, and went well, was the same work. What is new since then makes another tick.
std::string Scheduler::done_by_hand(const Tick& held) const {
  const auto last = ticks_.last_run(held.key.schedule);
  if (!last || !last->by_hand || last->number < held.number || last->state != TickState::Succeeded) return "";
  return last->run > 0 ? fmt::format("run {}, which a person triggered, did its work", last->run)
                       : fmt::format("the tick of {}, which a person triggered, found nothing to do",
                                     to_iso8601(last->key.due_at));
}

std::string Scheduler::hold_reason(Entry& entry) {
  if (!entry.maker_failed.empty()) return entry.maker_failed;
  // What failed was restarted: the tables of others may be still to come.
  if (!entry.config->after.empty() && !was_published_again(entry)) return "until each of its tables is published again";
  return failed_before(entry);
}

std::string Scheduler::failed_before(const Entry& entry) const {
  const auto last = ticks_.last_run(entry.config->name);
  if (!last || last->state != TickState::Failed || last->number <= entry.released) return "";
  // A person ran the same by hand, or all there is, and it went well.
  std::vector<std::string> select;
  for (const LocatedText& text : entry.config->select) select.push_back(*text);
  const auto again = lake_.state().query(
      "select 1 from (select * from run where run > $1 order by run desc limit 1000) as newer "
      "where started_at > $2 and state = 'succeeded' and target = 'main' and command in ('run', 'build') "
      "and selection in ($3, '') limit 1",
      {last->run, to_micros(last->ended_at.value_or(last->key.due_at)), fmt::format("{}", fmt::join(select, " "))});
  if (!again.empty()) return "";
  return fmt::format("the tick of {} failed{}: restart what failed, or: lochan schedule release {}",
                     to_iso8601(last->key.due_at), last->run > 0 ? fmt::format(" (run {})", last->run) : "",
                     entry.config->name);
}

const Tick* Scheduler::first_ready(const Entry& entry, const std::vector<Tick>& open, Instant now) const {
  if (std::ranges::any_of(open, is_running)) return nullptr;
  for (const Tick& tick : open) {
    if (tick.state == TickState::Held || (entry.is_paused && !tick.by_hand)) continue;
    const bool waits = tick.not_before && *tick.not_before > now && *tick.not_before <= now + kLongestDelay;
    return waits ? nullptr : &tick;
  }
  return nullptr;
}

void Scheduler::begin(const TickKey& tick) {
  const auto found = entries_.find(tick.schedule);
  if (found == entries_.end() || found->second.config->after.empty()) return;
  Entry& entry = found->second;
  entry.seen = lake_.catalog().current_publication();
  entry.makers = newest_run(lake_.state());
  rows_.begin(tick.schedule, entry.seen, entry.makers);
}

std::optional<Instant> Scheduler::next() const {
  std::optional<Instant> first;
  for (const auto& [name, entry] : entries_)
    if (entry.next && (!first || *entry.next < *first)) first = entry.next;
  return first;
}

const ScheduleConfig* Scheduler::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.config;
}

}  // namespace lochan
