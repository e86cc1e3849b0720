// The log of a server: one event a line with its fields, to the console and to a file that is rotated by its size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

namespace lochan {

struct LogField {
  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  LogField(std::string_view field_name, std::int64_t number)
      : name(field_name), value(std::to_string(number)), is_number(true) {}

  std::string_view name;
  std::string value;
  bool is_number = false;
};

struct EventLogOptions {
  bool json = false;     // a JSON object a line, instead of key=value
  bool verbose = false;  // debug lines too
  std::filesystem::path file;
  std::uint64_t rotate_bytes = 10u << 20;
  int keep = 5;  // rotated files: serve.log.1 is the newest
  /// Hears each line, without its newline. Must not throw.
  std::function<void(std::string_view line)> console = [](std::string_view) {};
};

/// May be shared between threads: each line is one write. A line that can't be written is lost, never the server.
class EventLog final : public Log {
 public:
  EventLog(EventLogOptions options, const Clock& clock, const Secrets& secrets);
  ~EventLog() override;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) noexcept;
  void write(LogLevel level, std::string_view message) noexcept override { event(level, message); }

 private:
  std::string line(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;
  void append(std::string_view line);
  void open();
  void rotate();

  const EventLogOptions options_;
  const Clock& clock_;
  const Secrets& secrets_;
  std::mutex mutex_;          // guards what follows, and the order of lines
  int descriptor_ = -1;
  std::uint64_t written_ = 0;  // into the current file
};

}  // namespace lochan
