#include "run/program_output.h"

#include <algorithm>

#include "project/scalar.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestLastLine = 300;

std::string plain(std::string line) {
  const bool is_text = !find_not_utf8(line);
  for (char& letter : line) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '\t') letter = ' ';
    else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_text)) letter = '?';
  }
  return line;
}

}  // namespace

void ProgramOutput::add(std::string_view bytes) {
  for (;;) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    const std::size_t room = kLongestLine - std::min(kLongestLine, line_.size());
    is_cut_ = is_cut_ || part.size() > room;
    line_ += part.substr(0, room);
    if (end == std::string_view::npos) return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

void ProgramOutput::finish() {
  if (!line_.empty()) end_line();
}

void ProgramOutput::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  std::string line = plain(is_cut_ ? cut_text(line_, kLongestLine - 4) : line_);
  if (is_cut_) line += " …";
  line_.clear();
  is_cut_ = false;
  said_ += line.size() + 1;
  if (said_ <= kMostBytes) {
    say_(line);
  } else if (!has_said_end_) {
    has_said_end_ = true;
    say_("… it says more than is kept: the rest is left out");
  }
  last_.push_back(std::move(line));
  if (last_.size() > kLastLines) last_.pop_front();
}

std::string ProgramOutput::last_lines() const {
  std::string text;
  for (const std::string& line : last_) {
    const std::string shown = cut_text(line, kLongestLastLine);
    text += "\n    " + shown + (shown.size() < line.size() ? " …" : "");
  }
  return text;
}

}  // namespace lochan
