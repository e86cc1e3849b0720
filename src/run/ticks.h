// Ticks: the times at which a schedule was due, as rows of the state. A tick is inserted before anything is started for
// it, is bound to its run in the transaction that inserts the run's row, and ends in the one that ends the run: so it
// fires once, whoever is killed when.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"

namespace lochan {

/// Due: waits for its turn. Held: until a person restarts what failed before it. Running: a process was started for it.
enum class TickState { Due, Held, Running, Succeeded, Failed, Cancelled, Skipped, Missed };
std::string_view to_string(TickState state);

enum class RunState;

struct TickKey {
  std::string schedule;
  Instant due_at{};  // whole milliseconds
  friend bool operator==(const TickKey&, const TickKey&) = default;
  friend auto operator<=>(const TickKey&, const TickKey&) = default;
};
/// "shops@2026-11-21T03:46:00.000Z", and back; throws Error{Usage} for anything else.
std::string to_string(const TickKey& key);
TickKey parse_tick(std::string_view text);

struct Tick {
  std::int64_t number = 0;  // counts all ticks, in the order they were made
  TickKey key;
  TickState state = TickState::Due;
  bool by_hand = false;         // a person asked for it
  std::string reason;           // of a hold, a skip, a failure, a further try
  std::int64_t run = 0;         // 0: unbound
  int starts = 0;               // processes that were started for it
  std::int64_t process = 0;     // of the last one
  std::string place{};          // where that was started, see Lake::place
  std::optional<Instant> not_before{};  // of a further try
  std::optional<Instant> started_at{}, timed_out_at{}, late_at{}, ended_at{};
};

/// Reads and writes rows; holds nothing.
class Ticks {
 public:
  static std::span<const Migration> migrations();
  explicit Ticks(Database& state) : state_(state) {}

  std::optional<Tick> find(const TickKey& key) const;
  std::optional<Tick> of_run(std::int64_t run) const;
  /// That are late or have ended, and nobody was told so.
  std::vector<Tick> untold(int limit) const;
  /// False when it was before.
  bool mark_told(const Tick& tick);
  /// Those without an end, by the time they were due.
  std::vector<Tick> open() const;
  std::vector<Tick> open(const std::string& schedule) const;
  /// The newest first; of all schedules when `schedule` is empty.
  std::vector<Tick> newest(const std::string& schedule, int limit) const;
  /// The last of a schedule for which something was run and has ended.
  std::optional<Tick> last_run(const std::string& schedule) const;

  /// False when there is one of that time already.
  bool insert(const Tick& tick);
  /// What a supervisor changes of one without an end: all but its key, its run and its end.
  void update(const Tick& tick);
  /// Inside the transaction that inserts the run's row. Throws Error{Conflict} when it was bound before, or has ended.
  void bind(const TickKey& key, std::int64_t run);
  /// Of one without an end; else nothing is done. One that was timed out has failed, whatever is said here.
  void end(const TickKey& key, TickState state, const std::string& reason, Instant at);
  /// There was nothing to do, so it has no run; one that is bound is left alone.
  void end_without_run(const TickKey& key, Instant at);
  /// As its run ended.
  void end(const TickKey& key, RunState state, const std::string& message, Instant at);
  /// Of the tick of a run that was found dead.
  void end_of_run(std::int64_t run, const std::string& message, Instant at);
  /// Those that lie ahead of the clock, which had been wrong, and have ended; with `only_missed`, that nothing was run for.
  void forget_ahead(const std::string& schedule, Instant now, bool only_missed);
  /// Of each schedule the newest `keep` stay, and those without an end.
  void roll_over(const std::string& schedule, int keep);

 private:
  std::vector<Tick> select(const std::string& rest, std::initializer_list<DbValue> values) const;

  Database& state_;
};

}  // namespace lochan
