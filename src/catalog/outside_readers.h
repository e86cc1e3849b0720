// Readers that bear no token of ours for `at-17`: what they may still be reading is kept from tending.
#pragma once

#include <map>
#include <mutex>

#include "catalog/catalog.h"

namespace lochan {

/// May be shared between threads. The state and the clock must outlive it.
class OutsideReaders {
 public:
  OutsideReaders(Database& state, const Clock& clock) : state_(state), clock_(clock) {}

  /// Somebody reads this ref. Tending leaves its files alone for a while (RetentionPolicy::readers) from the last time on.
  void note(const Ref& ref);

 private:
  Database& state_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Ref, Instant> noted_;  // guarded by mutex_: the row is written once a minute, not at each request
};

}  // namespace lochan
