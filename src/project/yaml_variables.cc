#include "project/yaml_variables.h"

#include <algorithm>

namespace lochan {
namespace {

// Control characters stand in for them: no text that people write has any.
constexpr std::string_view kWritten = "{},[]";
constexpr std::string_view kHidden = "\x0e\x0f\x10\x11\x12";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (char& letter : text)
    if (const auto at = from.find(letter); at != std::string_view::npos) letter = to[at];
  return text;
}

/// The offset behind the `}` that closes the `${` at `begin`, in the same line; npos: none does.
std::size_t end_of_variable(std::string_view text, std::size_t begin) {
  int depth = 0;
  for (std::size_t at = begin; at < text.size() && text[at] != '\n'; ++at) {
    if (text.substr(at, 2) == "${") ++depth;
    if (text[at] == '}' && --depth == 0) return at + 1;
  }
  return std::string_view::npos;
}

}  // namespace

std::string hide_variables(std::string_view text) {
  std::string result(text);
  if (text.find_first_of(kHidden) != std::string_view::npos) return result;
  for (std::size_t at = 0; (at = text.find("${", at)) != std::string_view::npos;) {
    const std::size_t end = end_of_variable(text, at);
    if (end != std::string_view::npos)
      result.replace(at, end - at, replaced(std::string(text.substr(at, end - at)), kWritten, kHidden));
    at = end == std::string_view::npos ? at + 2 : end;
  }
  return result;
}

std::string show_variables(std::string text) { return replaced(std::move(text), kHidden, kWritten); }

}  // namespace lochan
