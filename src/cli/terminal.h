// What a command says: text on standard output and standard error, with secrets masked. Nothing else writes there.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace lochan {

enum class Color { Plain, Bold, Dim, Red, Green, Yellow, Cyan };

struct TerminalOptions {
  bool quiet = false;    // only results and what is wrong
  bool verbose = false;  // debug lines too
  bool no_color = false;
};

/// May be shared between threads.
class Terminal {
 public:
  explicit Terminal(const Secrets& secrets) : secrets_(secrets) {}

  /// Colours are off when `options`, NO_COLOR or TERM=dumb say so.
  void configure(TerminalOptions options);
  const TerminalOptions& options() const { return options_; }

  /// Standard output: the result. A newline is added. Throws Error{Unavailable} when it can't be written; a reader that
  /// went away (`| head`) is no error: the rest is dropped.
  void print(std::string_view text);
  /// The same without a newline: a part of a larger output.
  void write(std::string_view text);
  /// Standard error: what is wrong, and progress. Never throws.
  void note(std::string_view text) noexcept;
  void note_raw(std::string_view text) noexcept;

  std::string masked(std::string_view text) const { return secrets_.mask(text); }

  /// Whether the reader of standard output has gone away.
  bool is_reader_gone() const { return reader_gone_; }

  /// Whether a person looks at standard error, so that progress may be redrawn in place.
  bool is_live() const;
  /// Columns of the terminal; 100 when there is none.
  int width() const;

  /// `text` in a colour, where standard output (or error) shows colours.
  std::string paint(Color color, std::string_view text) const;
  std::string paint_note(Color color, std::string_view text) const;

 private:
  const Secrets& secrets_;
  TerminalOptions options_;
  std::mutex mutex_;  // one line at a time
  bool reader_gone_ = false;
};

}  // namespace lochan
