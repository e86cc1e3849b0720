// Values that came from the environment or a file: they are masked in everything that is shown or kept.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace lochan {

/// May be shared between threads.
class Secrets {
 public:
  /// Values shorter than 4 letters are not remembered: masking "1" would only make text unreadable.
  void add(std::string_view value);
  /// Each secret in `text` becomes `***`.
  std::string mask(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::greater<>> values_;  // guarded by mutex_
};

}  // namespace lochan
