#include "project/state_config.h"

#include <fmt/format.h>

namespace lochan {

std::string StateConfig::shown() const {
  if (!is_shared()) return file.string();
  const auto begin = url.find("://") + 3;
  std::string place = url.substr(begin, url.find('?', begin) - begin);
  // A password may hold an `@` that should have been written as %40.
  if (const auto at = place.substr(0, place.find('/')).rfind('@'); at != std::string::npos) place.erase(0, at + 1);
  return fmt::format("postgresql://{}, schema `{}`", place, schema);
}

}  // namespace lochan
