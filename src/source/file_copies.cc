#include "source/file_copies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "base/sql.h"

namespace lochan {

std::filesystem::path FileCopies::next(const std::string& of, std::string_view ending) {
  const std::lock_guard lock(mutex_);
  names_.push_back(of);
  return folder_.path() / fmt::format("{}{}", names_.size(), ending);
}

std::string FileCopies::name_of(std::string_view column, const std::string& folder) const {
  const std::string in_folder = fmt::format("substr({}, {})", column, folder.size() + 2);
  const std::lock_guard lock(mutex_);
  if (names_.empty()) return in_folder;
  const std::string copies = folder_.path().string() + "/";
  std::vector<std::string> literals;
  for (const std::string& name : names_) literals.push_back(sql::literal(name));
  const std::string number =
      fmt::format("try_cast(split_part(substr({}, {}), '.', 1) as integer)", column, copies.size() + 1);
  return fmt::format("case when starts_with({}, {}) then [{}][{}] else {} end", column, sql::literal(copies),
                     fmt::join(literals, ", "), number, in_folder);
}

std::string FileCopies::original(const std::filesystem::path& copy) const {
  const std::lock_guard lock(mutex_);
  if (names_.empty() || copy.parent_path() != folder_.path()) return {};
  const std::string name = copy.filename().string();
  std::size_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number == 0 || number > names_.size() ? "" : names_[number - 1];
}

}  // namespace lochan
