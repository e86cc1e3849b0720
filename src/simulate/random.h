// Random numbers that are the same on every machine and with every standard library: SplitMix64, written out, because
// the distributions of <random> differ between libraries.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lochan {

/// A stream of numbers. Not to be shared between threads: each has its own.
class Random {
 public:
  /// Streams differ when the seed, the name or the number does; so a tick's numbers need no earlier tick.
  Random(std::uint64_t seed, std::string_view name, std::uint64_t number);

  std::uint64_t next();
  /// 0 to count - 1, each as likely; 0 for a count below 1.
  std::int64_t below(std::int64_t count);
  /// Both ends are possible.
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool chance(int percent) { return below(100) < percent; }

  template <typename T>
  const T& pick(std::span<const T> from) {
    return from[static_cast<std::size_t>(below(static_cast<std::int64_t>(from.size())))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace lochan
