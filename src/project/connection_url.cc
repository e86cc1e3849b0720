#include "project/connection_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 6> kKinds = {"sqlite", "files", "postgresql", "mysql", "http", "https"};
constexpr std::array<std::string_view, 6> kLaterKinds = {"s3", "kafka", "mongodb", "webhook", "smtp", "kinesis"};
constexpr std::string_view kWritten = "`sqlite:path`, `files:folder`, `postgresql://user@host/database`, `mysql://user@host/database` and `https://host/path`";

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int letter = 0;
    const bool is_code = text[i] == '%' && i + 2 < text.size() &&
                         std::from_chars(text.data() + i + 1, text.data() + i + 3, letter, 16).ptr == text.data() + i + 3;
    decoded += is_code ? static_cast<char>(letter) : text[i];
    if (is_code) i += 2;
  }
  return decoded;
}

}  // namespace

std::vector<std::string> secrets_of_url(std::string_view url) {
  std::vector<std::string> secrets;
  const auto add = [&](std::string_view secret) {
    if (secret.empty()) return;
    secrets.emplace_back(secret);
    if (std::string decoded = percent_decoded(secret); decoded != secret) secrets.push_back(std::move(decoded));
  };
  const auto start = url.find("://");
  if (start == std::string_view::npos) return secrets;
  const std::string_view rest = url.substr(start + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  // A password may hold an `@` that should have been written as %40.
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at != std::string_view::npos && colon < at) add(authority.substr(colon + 1, at - colon - 1));
  const auto question = rest.find('?');
  if (question == std::string_view::npos) return secrets;
  for (const std::string& parameter : text::split(rest.substr(question + 1), '&'))
    for (const std::string_view key : {"password=", "sslpassword="})
      if (parameter.starts_with(key)) add(std::string_view(parameter).substr(key.size()));
  return secrets;
}

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
  connection.kind = scheme == "postgresql" || scheme == "postgres" ? "postgres" : scheme == "https" ? "http" : scheme;
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
  const bool is_server = connection.kind == "postgres" || connection.kind == "mysql" || connection.kind == "http";
  connection.location = is_server ? connection.url : absolute_path(reader.folder(), location).string();
}

}  // namespace lochan
