// Where lower floors say what happens: one event a line, with fields. Upper floors hand an implementation down.
#pragma once

#include <string>
#include <string_view>

namespace lochan {

enum class LogLevel { Debug, Info, Warn, Error };

std::string_view to_string(LogLevel level);

/// May be called from any thread; never throws.
class Log {
 public:
  virtual ~Log() = default;
  /// debug is for us, info = as planned, warn = odd but nothing lost, error = someone must act.
  virtual void write(LogLevel level, std::string_view message) noexcept = 0;
};

/// Drops everything.
class NullLog final : public Log {
 public:
  void write(LogLevel, std::string_view) noexcept override {}
};

}  // namespace lochan
