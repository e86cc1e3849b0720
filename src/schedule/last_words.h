// What a process of ours said last: why it failed, most often.
#pragma once

#include <filesystem>
#include <string>

namespace lochan {

/// The last line of its output that isn't a hint, without `error: `; "" when it said nothing.
std::string last_words(const std::filesystem::path& output);

}  // namespace lochan
