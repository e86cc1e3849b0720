#include "serve/event_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "base/json.h"

namespace lochan {
namespace {

std::string json_text(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char letter) {
    return letter <= ' ' || letter == '"' || letter == '=' || letter == '\\' || letter >= 127;
  });
}

}  // namespace

EventLog::EventLog(EventLogOptions options, const Clock& clock, const Secrets& secrets)
    : options_(std::move(options)), clock_(clock), secrets_(secrets) {
  open();
}

EventLog::~EventLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void EventLog::event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) noexcept {
  if (level == LogLevel::Debug && !options_.verbose) return;
  try {
    const std::string text = line(level, event, fields);
    const std::lock_guard lock(mutex_);
    options_.console(text);
    append(text);
  } catch (...) {
    // Out of memory, most likely: the line is lost.
  }
}

// Values are masked before they are quoted: a quoted secret would no longer be found.
std::string EventLog::line(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
  const std::string time = to_iso8601(clock_.now());
  const std::string masked = secrets_.mask(event);
  std::string text =
      options_.json ? fmt::format(R"({{"time":"{}","level":"{}","event":{})", time, to_string(level), json_text(masked))
                    : fmt::format("time={} level={} event={}", time, to_string(level), json_text(masked));
  for (const LogField& field : fields) {
    const std::string value = secrets_.mask(field.value);
    const bool is_bare = options_.json ? field.is_number : field.is_number || is_plain(value);
    const std::string shown = is_bare ? value : json_text(value);
    text += options_.json ? fmt::format(R"(,"{}":{})", field.name, shown) : fmt::format(" {}={}", field.name, shown);
  }
  return options_.json ? text + '}' : text;
}

void EventLog::append(std::string_view line) {
  if (written_ > 0 && written_ + line.size() + 1 > options_.rotate_bytes) rotate();
  if (descriptor_ < 0) return;
  const std::string whole = fmt::format("{}\n", line);
  const ssize_t written = ::write(descriptor_, whole.data(), whole.size());
  if (written > 0) written_ += static_cast<std::uint64_t>(written);
}

void EventLog::open() {
  std::error_code ignored;
  std::filesystem::create_directories(options_.file.parent_path(), ignored);
  descriptor_ = ::open(options_.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  struct stat status {};
  written_ = descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void EventLog::rotate() {
  std::error_code ignored;
  const auto name = [&](int number) {
    return number == 0 ? options_.file.string() : fmt::format("{}.{}", options_.file.string(), number);
  };
  for (int number = options_.keep; number > 0; --number) std::filesystem::rename(name(number - 1), name(number), ignored);
  if (descriptor_ >= 0) ::close(descriptor_);
  open();
}

}  // namespace lochan
