#include "simulate/random.h"

namespace lochan {
namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

// FNV-1a.
std::uint64_t digest(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325ULL;
  for (const char letter : text) value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  return value;
}

}  // namespace

Random::Random(std::uint64_t seed, std::string_view name, std::uint64_t number)
    : state_(mix(mix(mix(seed) ^ digest(name)) + number)) {}

std::uint64_t Random::next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }

std::int64_t Random::below(std::int64_t count) {
  if (count < 1) return 0;
  const auto range = static_cast<std::uint64_t>(count);
  // Numbers under 2^64 mod range would make the first results likelier.
  const std::uint64_t refused = (0 - range) % range;
  for (;;) {
    const std::uint64_t number = next();
    if (number >= refused) return static_cast<std::int64_t>(number % range);
  }
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }

}  // namespace lochan
