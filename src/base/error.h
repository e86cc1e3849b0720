// The one exception type: what ends a unit of work (a command, a model, a request), with the position in the
// user's file and what to do about it. What a caller expects is a value instead; see docs/architecture.md.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace lochan {

/// A place in a file that the user wrote. `line` and `column` count from 1; 0 means unknown.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;

  bool is_known() const { return !file.empty(); }
  friend bool operator==(const Position&, const Position&) = default;
};

/// "file", "file:12" or "file:12:3", as far as it is known.
std::string to_string(const Position& position);

/// Kinds exist only where some caller acts on them.
enum class ErrorKind {
  Usage,          // the command line is wrong: exit code 2
  Project,        // the user's files are wrong: exit code 2
  NotFound,       // what was asked for is not there: 404
  Data,           // the data is wrong: a retry won't help
  Conflict,       // somebody else was first; surely nothing was written: 409
  Unavailable,    // an outside system is away: may be retried
  CommitUnknown,  // it may or may not have been written: must be looked up, never blindly retried
  Internal,       // our bug
};

std::string_view to_string(ErrorKind kind);

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message);

  /// Where in the user's files; the first position given stays.
  Error& at(Position position);
  /// What to do next, one sentence in lower case without a stop.
  Error& hint(std::string hint);

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const Position& position() const { return position_; }
  const std::string& hint() const { return hint_; }

  /// "file:12: message\n  hint: …": what a person reads.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  void compose();

  ErrorKind kind_;
  std::string message_;
  Position position_;
  std::string hint_;
  std::string text_;
};

}  // namespace lochan
