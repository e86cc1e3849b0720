#include "serve/project_copy.h"

#include <chrono>
#include <cstdlib>
#include <system_error>

#include "base/file.h"
#include "base/hash.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kDotEnv = ".env";
constexpr std::size_t kDigits = 16;
constexpr std::chrono::hours kYoung{1};

std::string digest(const ReadProject& read) {
  std::string all;
  for (const auto& [name, text] : read.texts)
    if (name != kDotEnv) all += sha256(name) + sha256(text);
  return sha256(all).substr(0, kDigits);
}

}  // namespace

fs::path write_project_copy(const ReadProject& read, const fs::path& home) {
  const fs::path copy = home / "serve" / digest(read);
  // Each file is written whole or not at all; one that a crash left out is written now.
  for (const auto& [name, text] : read.texts)
    if (name != kDotEnv && !fs::exists(copy / name)) write_file(copy / name, text);
  std::error_code ignored;
  fs::last_write_time(copy, fs::file_time_type::clock::now(), ignored);
  return copy;
}

std::map<std::string, std::string> copy_environment(const ReadProject& read, const fs::path& copy) {
  std::map<std::string, std::string> environment{{kProjectCopyVariable, copy.string()}};
  for (const auto& [name, value] : read.dot_env)
    if (std::getenv(name.c_str()) == nullptr) environment.emplace(name, value);
  return environment;
}

void remove_old_copies(const fs::path& home, const fs::path& current) {
  std::error_code ignored;
  const auto now = fs::file_time_type::clock::now();
  for (const auto& entry : fs::directory_iterator(home / "serve", ignored)) {
    if (entry.path() == current || now - fs::last_write_time(entry.path(), ignored) < kYoung) continue;
    fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace lochan
