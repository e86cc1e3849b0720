#include "project/connection_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "project/files_config.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 9> kKinds = {"sqlite", "files", "s3",    "postgresql",  "mysql",
                                                  "http",   "https", "mongodb", "mongodb+srv"};
constexpr std::array<std::string_view, 4> kLaterKinds = {"kafka", "webhook", "smtp", "kinesis"};
constexpr std::string_view kWritten = "`sqlite:path`, `files:folder`, `s3://bucket/prefix`, `postgresql://user@host/database`, `mysql://user@host/database`, `mongodb://user@host/database` and `https://host/path`";

constexpr std::string_view kS3 = "s3://";

bool is_plain_part(std::string_view part) { return !part.empty() && part != "." && part != ".."; }

// Amazon S3's "General purpose bucket naming rules", as far as a URL needs them.
bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '.';
  });
}

bool is_web(std::string_view url) { return url.starts_with("http://") || url.starts_with("https://"); }

// A bucket, a web folder, or a folder here.
void read_files_location(Connection& connection, std::string location, const YamlValue& value, ValueReader& reader) {
  if (!connection.files) connection.files = std::make_shared<FilesSettings>();
  if (location.starts_with(kS3)) {
    connection.location = read_s3_location(std::move(location), value, reader.problems());
    LakePlace& bucket = connection.files->bucket;
    bucket.location = connection.location;
    bucket.position = value.position;
    bucket.written_in = fmt::format("the connection `{}`", connection.name);
  } else if (is_web(location)) {
    while (location.ends_with('/')) location.pop_back();
    connection.location = std::move(location);
  } else {
    connection.location = absolute_path(reader.folder(), location).string();
  }
}

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

std::optional<Error> find_s3_url_problem(const std::string& url) {
  const std::vector<std::string> parts =
      text::split(std::string_view(url).substr(std::min(kS3.size(), url.size())), '/');
  if (!is_bucket(parts[0]))
    return Error(ErrorKind::Project, fmt::format("`{}` names no bucket", url))
        .hint("write `s3://bucket/prefix`; a bucket's name has 3 to 63 of a-z, 0-9, `-` and `.`");
  if (!std::ranges::all_of(parts, is_plain_part))
    return Error(ErrorKind::Project, fmt::format("`{}` has an empty part, `.` or `..` in its path", url))
        .hint("write `s3://bucket/prefix`");
  return std::nullopt;
}

std::string read_s3_location(std::string text, const YamlValue& value, Problems& problems) {
  while (text.ends_with('/')) text.pop_back();
  auto problem = find_s3_url_problem(text);
  if (!problem) return text;
  problems.add(problem->at(value.position));
  return {};
}

void read_connection_url(Connection& connection, const YamlValue& value, ValueReader& reader) {
  const auto [scheme, location] = split_url(connection.url);
  Problems& problems = reader.problems();
  if (scheme.empty())
    return problems.add(value.position, fmt::format("connection `{}` does not say its kind", connection.name),
                        fmt::format("there are {}", kWritten));
  connection.kind = scheme == "postgresql" || scheme == "postgres" ? "postgres" : scheme == "https" ? "http" : scheme == "s3" ? "files" : scheme == "mongodb+srv" ? "mongodb" : scheme;
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
  if (connection.kind == "files") return read_files_location(connection, scheme == "s3" ? connection.url : location, value, reader);
  const bool is_server = connection.kind == "postgres" || connection.kind == "mysql" || connection.kind == "http" || connection.kind == "mongodb";
  connection.location = is_server ? connection.url : absolute_path(reader.folder(), location).string();
}

}  // namespace lochan
