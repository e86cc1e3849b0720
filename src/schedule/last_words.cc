#include "schedule/last_words.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestWords = 500;

}  // namespace

// Errors are told as `error: …`, with hints below them.
std::string last_words(const std::filesystem::path& output) {
  std::string last;
  try {
    for (const std::string& line : text::split(read_file(output), '\n')) {
      const std::string_view trimmed = text::trim(line);
      if (!trimmed.empty() && !trimmed.starts_with("hint:")) last = trimmed;
    }
  } catch (const Error&) {
    // It has said nothing, then.
  }
  constexpr std::string_view kError = "error: ";
  if (last.starts_with(kError)) last.erase(0, kError.size());
  return last.substr(0, kLongestWords);
}

}  // namespace lochan
