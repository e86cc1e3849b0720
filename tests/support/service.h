// A server of tests/services, started by its script if it isn't running.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace lochan {

/// What `tests/services/<name>.sh <verb>` prints: how to reach the server. Throws Error{Unavailable} when it can't be
/// started. Tests run in the repository's root.
inline std::map<std::string, std::string> run_service(const std::string& name, const std::string& verb = "start") {
  const std::string command = fmt::format("tests/services/{}.sh {}", name, verb);
  std::FILE* output = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 512> part{};
  while (output != nullptr && std::fgets(part.data(), part.size(), output) != nullptr) text += part.data();
  if (output == nullptr || pclose(output) != 0)
    throw Error(ErrorKind::Unavailable, fmt::format("`{}` failed", command));
  std::map<std::string, std::string> values;
  for (const std::string& line : text::split(text, '\n'))
    if (const auto equals = line.find('='); equals != std::string::npos)
      values[line.substr(0, equals)] = line.substr(equals + 1);
  return values;
}

}  // namespace lochan
