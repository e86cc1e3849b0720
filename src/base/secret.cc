#include "base/secret.h"

#include <algorithm>
#include <vector>

namespace lochan {

void Secrets::add(std::string_view value) {
  constexpr std::size_t kShortest = 4;
  if (value.size() < kShortest) return;
  const std::lock_guard lock(mutex_);
  values_.emplace(value);
}

std::string Secrets::mask(std::string_view text) const {
  std::vector<std::string> values;
  {
    const std::lock_guard lock(mutex_);
    values.assign(values_.begin(), values_.end());
  }
  // The longest first, or a secret that holds a shorter one would show its rest.
  std::ranges::sort(values, std::greater<>{}, &std::string::size);
  std::string result(text);
  for (const std::string& value : values) {
    for (std::size_t at = 0; (at = result.find(value, at)) != std::string::npos; at += 3)
      result.replace(at, value.size(), "***");
  }
  return result;
}

}  // namespace lochan
