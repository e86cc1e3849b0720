// What a program says, cut into lines: for the run's log, as far as that may grow, and its last ones for an error.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace lochan {

class ProgramOutput {
 public:
  /// Each line goes to `say`, without its end. What isn't text in it is replaced by `?`.
  explicit ProgramOutput(std::function<void(std::string_view line)> say) : say_(std::move(say)) {}

  void add(std::string_view bytes);
  /// What came without a line's end is a line too.
  void finish();
  /// The last lines, each on a line of its own and indented; "" when it said nothing.
  std::string last_lines() const;

  static constexpr std::size_t kLongestLine = 4096;       // bytes; the rest of a line is left out
  static constexpr std::size_t kMostBytes = 1U << 20;     // said in all; then only the last lines are kept
  static constexpr std::size_t kLastLines = 20;

 private:
  void end_line();

  std::function<void(std::string_view)> say_;
  std::string line_;
  bool is_cut_ = false;
  std::size_t said_ = 0;
  bool has_said_end_ = false;
  std::deque<std::string> last_;
};

}  // namespace lochan
