#include "project/connection_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"sqlite", "files", "postgresql", "mysql"};
constexpr std::array<std::string_view, 8> kLaterKinds = {"http",    "https",   "s3",   "kafka",
                                                          "mongodb", "webhook", "smtp", "kinesis"};
constexpr std::string_view kWritten = "`sqlite:path`, `files:folder`, `postgresql://user@host/database` and `mysql://user@host/database`";

}  // namespace

UrlParts split_url(std::string_view url) {
  const auto colon = url.find(':');
  const bool has_scheme =
      colon != std::string_view::npos && colon > 0 && std::ranges::all_of(url.substr(0, colon), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '+' || letter == '_' ||
               letter == '-';
      });
  if (!has_scheme) return {"", std::string(url)};
  return {std::string(url.substr(0, colon)), std::string(url.substr(colon + 1))};
}

std::filesystem::path absolute_path(const std::filesystem::path& folder, std::string_view path) {
  auto absolute = (folder / path).lexically_normal();
  // `./data/` and `./data` are one folder.
  return absolute.has_filename() || !absolute.has_relative_path() ? absolute : absolute.parent_path();
}

void read_connection_url(Connection& connection, const YamlValue& value, ValueReader& reader) {
  const auto [scheme, location] = split_url(connection.url);
  Problems& problems = reader.problems();
  if (scheme.empty())
    return problems.add(value.position, fmt::format("connection `{}` does not say its kind", connection.name),
                        fmt::format("there are {}", kWritten));
  connection.kind = scheme == "postgresql" || scheme == "postgres" ? "postgres" : scheme;
  if (std::ranges::find(kKinds, scheme) == kKinds.end() && scheme != "postgres") {
    if (std::ranges::find(kLaterKinds, scheme) != kLaterKinds.end())
      return problems.add(value.position, fmt::format("connections of kind `{}` are not supported yet", scheme),
                          fmt::format("there are {}", kWritten));
    const std::vector<std::string> kinds(kKinds.begin(), kKinds.end());
    return problems.add(value.position, fmt::format("unknown kind of connection `{}`", scheme),
                        text::did_you_mean(scheme, kinds, fmt::format("there are {}", kWritten)));
  }
  if (location.empty())
    return problems.add(
        value.position, fmt::format("connection `{}` does not say where it is", connection.name),
        scheme == "sqlite" ? "write `sqlite:` and a file's path" : "write `files:` and a folder's path");
  const bool is_server = connection.kind == "postgres" || connection.kind == "mysql";
  connection.location = is_server ? connection.url : absolute_path(reader.folder(), location).string();
}

}  // namespace lochan
