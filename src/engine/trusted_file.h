// Files that nobody can have changed who couldn't change the program itself.
#pragma once

#include <filesystem>

namespace lochan {

/// Whether the file and its folder belong to root, to whom the program belongs or to who runs it, and no one else may
/// write to them. False when they can't be looked at.
bool is_trusted(const std::filesystem::path& file);

}  // namespace lochan
