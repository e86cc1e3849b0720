// Text in any encoding, packed or not, as plain UTF-8.
#pragma once

#include <filesystem>
#include <string>

namespace lochan {

/// What a file's byte order mark says of its encoding: `utf-16`, else "".
std::string marked_encoding(const std::filesystem::path& file);

/// Writes `file` to `copy`. Returns why it can't be: "line 3: it is not written in windows-1251"; "": it is done.
std::string write_plain_text(const std::filesystem::path& file, const std::string& encoding,
                             const std::filesystem::path& copy);

}  // namespace lochan
