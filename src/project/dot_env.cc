// Reading `.env`, as shells and docker compose write it.
#include <fmt/format.h>

#include "base/text.h"
#include "project/scalar.h"
#include "project/variables.h"

namespace lochan {
namespace {

class DotEnvReader {
 public:
  DotEnvReader(std::string_view text, const std::string& file, Problems& problems)
      : text_(text), file_(file), problems_(problems) {}

  std::map<std::string, std::string> read() {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (at_ < text_.size()) {
      read_line();
      ++line_;
    }
    return std::move(values_);
  }

 private:
  void read_line() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    std::string_view line = text::trim(text_.substr(at_, end - at_));
    if (line.empty() || line.starts_with('#')) return skip_to(end);
    constexpr std::string_view kExport = "export ";
    if (line.starts_with(kExport)) line = text::trim(line.substr(kExport.size()));
    const auto equals = line.find('=');
    const std::string name(text::trim(line.substr(0, equals)));
    if (equals == std::string_view::npos || !is_plain_word(name)) {
      problems_.add({file_, line_, 1}, "this line is not `NAME=value`", "put `#` before a comment");
      return skip_to(end);
    }
    const std::string_view value = text::trim(line.substr(equals + 1));
    if (value.starts_with('\'') || value.starts_with('"'))
      read_quoted(name, static_cast<std::size_t>(value.data() - text_.data()));
    else
      values_[name] = without_comment(value), skip_to(end);
  }

  /// `at` is the opening quote's offset.
  void read_quoted(const std::string& name, std::size_t at) {
    const char quote = text_[at];
    const int first_line = line_;
    std::string value;
    for (++at; at < text_.size() && text_[at] != quote; ++at) {
      if (text_[at] == '\n') ++line_;
      if (quote == '"' && text_[at] == '\\' && at + 1 < text_.size()) {
        const char next = text_[++at];
        if (next == '\n') ++line_;
        value += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next;
      } else {
        value += text_[at];
      }
    }
    if (at >= text_.size())
      problems_.add({file_, first_line, 1}, fmt::format("the value of `{}` has no closing quote", name));
    values_[name] = std::move(value);
    skip_to(std::min(text_.find('\n', at), text_.size()));
  }

  static std::string without_comment(std::string_view value) {
    if (value.starts_with('#')) return "";
    const auto comment = std::min(value.find(" #"), value.find("\t#"));
    return std::string(text::trim(value.substr(0, comment)));
  }

  void skip_to(std::size_t end) { at_ = end + 1; }

  std::string_view text_;
  const std::string& file_;
  Problems& problems_;
  std::map<std::string, std::string> values_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::map<std::string, std::string> read_dot_env(std::string_view text, const std::string& file, Problems& problems) {
  return DotEnvReader(text, file, problems).read();
}

}  // namespace lochan
