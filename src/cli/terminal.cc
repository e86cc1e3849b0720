#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace lochan {
namespace {

std::string_view code(Color color) {
  switch (color) {
    case Color::Plain:
      return "";
    case Color::Bold:
      return "\x1b[1m";
    case Color::Dim:
      return "\x1b[2m";
    case Color::Red:
      return "\x1b[31m";
    case Color::Green:
      return "\x1b[32m";
    case Color::Yellow:
      return "\x1b[33m";
    case Color::Cyan:
      return "\x1b[36m";
  }
  return "";
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// 0, or what went wrong.
int write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string wrap(bool colored, Color color, std::string_view text) {
  if (!colored || color == Color::Plain || text.empty()) return std::string(text);
  return std::string(code(color)).append(text).append("\x1b[0m");
}

bool is_terminal(int descriptor) {
  const char* term = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

}  // namespace

void Terminal::configure(TerminalOptions options) {
  options_ = options;
  if (is_set("NO_COLOR")) options_.no_color = true;
}

void Terminal::print(std::string_view text) { write(std::string(text) + "\n"); }

void Terminal::write(std::string_view text) {
  const std::string masked = secrets_.mask(text);
  const std::lock_guard lock(mutex_);
  if (reader_gone_) return;
  const int error = write_all(STDOUT_FILENO, masked);
  if (error == EPIPE) {
    reader_gone_ = true;
  } else if (error != 0) {
    reader_gone_ = true;
    throw Error(ErrorKind::Unavailable, std::string("can't write to standard output: ") + std::strerror(error));
  }
}

void Terminal::note(std::string_view text) noexcept { note_raw(std::string(text) + "\n"); }

void Terminal::note_raw(std::string_view text) noexcept {
  const std::string masked = secrets_.mask(text);
  const std::lock_guard lock(mutex_);
  write_all(STDERR_FILENO, masked);
}

bool Terminal::is_live() const { return !options_.quiet && is_terminal(STDERR_FILENO); }

int Terminal::width() const {
  winsize size{};
  for (const int descriptor : {STDERR_FILENO, STDOUT_FILENO}) {
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return 100;
}

std::string Terminal::paint(Color color, std::string_view text) const {
  return wrap(!options_.no_color && is_terminal(STDOUT_FILENO), color, text);
}

std::string Terminal::paint_note(Color color, std::string_view text) const {
  return wrap(!options_.no_color && is_terminal(STDERR_FILENO), color, text);
}

}  // namespace lochan
