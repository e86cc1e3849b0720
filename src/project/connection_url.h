// A connection's URL: which kind of system it names, and where that is.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "project/project.h"
#include "project/value_reader.h"

namespace lochan {

struct UrlParts {
  std::string scheme;    // "" when there is none
  std::string location;  // what follows the colon
};
UrlParts split_url(std::string_view url);

/// What a URL has of passwords, as written and as it is meant (`%40` is `@`): `postgresql://user:password@host/db`,
/// `?password=…`.
std::vector<std::string> secrets_of_url(std::string_view url);

/// A path as the user writes it: it begins at the project's folder.
std::filesystem::path absolute_path(const std::filesystem::path& folder, std::string_view path);

/// What is wrong with `s3://bucket/prefix`, which has no slash at its end; nothing when it names a place.
std::optional<Error> find_s3_url_problem(const std::string& url);

/// `s3://bucket/prefix` without slashes at its end; "" where it is none, which becomes a problem.
std::string read_s3_location(std::string text, const YamlValue& value, Problems& problems);

/// Fills kind and location from the URL; a kind that isn't known becomes a problem.
void read_connection_url(Connection& connection, const YamlValue& value, ValueReader& reader);

}  // namespace lochan
