// Digests and random names.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lochan {

/// 64 hexadecimal digits.
std::string sha256(std::string_view bytes);
/// Of a file of any size. Throws Error{Unavailable} when it can't be read.
std::string sha256_of_file(const std::filesystem::path& file);
/// A version 4 UUID (RFC 9562) from the system's random numbers.
std::string random_uuid();
/// 256 random bits in hexadecimal, for tokens.
std::string random_token();

}  // namespace lochan
