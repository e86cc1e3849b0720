// The right to act on schedules, which one server of a state has at a time; when it ends, or says nothing for as long as a
// lease lasts, another one takes it.
#pragma once

#include <functional>
#include <optional>

#include "base/file.h"
#include "run/lake.h"
#include "run/leases.h"

namespace lochan {

/// Used by one thread at a time.
class ScheduleSeat {
 public:
  ~ScheduleSeat();

  /// Whether it is ours, now or from now on.
  bool take(Lake& lake);
  bool is_taken() const { return lock_.has_value() || lease_.has_value(); }
  /// One writing transaction of who has the seat. Throws Error{Conflict}, and has lost it, when another host took it
  /// meanwhile: nothing is written.
  void write(const std::function<void()>& work);
  /// The project was read anew: the lake that it was taken in may go.
  void move_to(Lake& lake) noexcept;
  /// To be taken by anyone.
  void leave() noexcept;

 private:
  Lake* lake_ = nullptr;
  std::optional<FileLock> lock_;    // of a file's state: all servers are on this host
  std::optional<HeldLease> lease_;  // of a shared one
};

}  // namespace lochan
