// What is due: turns the times of calendars, and tables that were published, into ticks, and says which of them may begin.
// Rows and the clock only; it starts nothing (supervisor.h does).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "run/lake.h"
#include "run/ticks.h"
#include "schedule/calendar.h"
#include "schedule/clock_jumps.h"
#include "schedule/schedule_rows.h"

namespace lochan {

/// Of a schedule so many ticks are kept, and at most so many are made for times at which nothing served.
inline constexpr int kKeepTicks = 1000;
/// `catch_up: all`: so many wait at most.
inline constexpr int kMostWaiting = 100;

/// Used by one thread at a time. Only one may act on a state; see Supervisor.
class Scheduler {
 public:
  /// Both must outlive it. A schedule that wasn't there before is due from now on.
  Scheduler(Lake& lake, ClockJumps& jumps);

  /// Makes a tick of each time that has come, skips those that must not wait, holds and frees, marks late ones.
  /// Returns those that may begin now, in the order they were due: one of a schedule at most.
  std::vector<Tick> look();
  /// The tick begins, in the caller's transaction: what is published from now on is new to its schedule.
  void begin(const TickKey& tick);
  /// When the next time comes, as far as calendars tell; publications and people may come before.
  std::optional<Instant> next() const;

  /// Null when the project has no such schedule.
  const ScheduleConfig* find(const std::string& name) const;

 private:
  struct Entry {
    const ScheduleConfig* config = nullptr;
    std::optional<Calendar> calendar{};
    Instant reached{};
    std::optional<Instant> next{};
    std::int64_t seen = 0;
    std::int64_t released = 0;
    bool is_paused = false;
    std::int64_t looked_at = -1;  // after: at this publication not all of its tables had been published again
    std::int64_t makers = 0;      // what runs until this number have failed to make holds nothing
    std::string maker_failed;     // after, wait_for: manual: what is to be restarted
    std::string makers_seen;      // as of these runs
  };
  using OpenTicks = std::map<std::string, std::vector<Tick>>;

  void read_rows(Instant now);
  void read_what_people_said();
  OpenTicks read_open() const;
  void make_ticks(Instant now);
  void begin_anew(Entry& entry, Instant now, bool keeps_what_ran);
  std::vector<Instant> times_since(const Entry& entry, Instant now) const;
  Instant make_calendar_ticks(const Entry& entry, Instant now);
  bool make_publication_tick(Entry& entry, const std::vector<Tick>& open, Instant now);
  bool was_published_again(Entry& entry);
  void look_at_makers(Entry& entry) const;
  std::string failed_maker(const Entry& entry, const std::string& table) const;
  void insert(const Entry& entry, Instant due_at, TickState state, std::string reason, Instant now);
  void settle(Entry* entry, std::vector<Tick>& open, Instant now);
  bool mark(Entry& entry, Tick& tick, Instant now);
  std::string skip_reason(const Entry* entry, const Tick& tick, const std::vector<Tick>& before) const;
  std::string done_by_hand(const Tick& held) const;
  std::string hold_reason(Entry& entry);
  std::string failed_before(const Entry& entry) const;
  const Tick* first_ready(const Entry& entry, const std::vector<Tick>& open, Instant now) const;

  Lake& lake_;
  ClockJumps& jumps_;
  Ticks ticks_;
  ScheduleRows rows_;
  std::map<std::string, Entry> entries_;
};

}  // namespace lochan
