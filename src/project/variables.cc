#include "project/variables.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

/// The offset of the `}` that closes a `${` whose inside begins at `begin`; npos when none does, or when more stand
/// inside one another than a person writes.
std::size_t find_close(std::string_view text, std::size_t begin) {
  constexpr int kDeepest = 8;
  int depth = 1;
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (text.substr(at, 2) == "${" && ++depth > kDeepest) break;
    if (text[at] == '}' && --depth == 0) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool has_variable(std::string_view text) { return text.find("${") != std::string_view::npos; }

std::optional<std::string> Variables::expand(std::string_view text, const Position& position, Problems& problems,
                                             bool is_secret) const {
  std::string result;
  bool is_complete = true;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 3) == "$${") {
      result += "${";
      at += 3;
    } else if (text.substr(at, 2) == "${") {
      const std::size_t close = find_close(text, at + 2);
      if (close == std::string_view::npos) {
        problems.add(position, "a `${` is not closed", "write `${NAME}`, or `$${` for a plain `${`");
        return std::nullopt;
      }
      const auto value = expand_one(text.substr(at + 2, close - at - 2), position, problems, is_secret);
      is_complete = is_complete && value.has_value();
      result += value.value_or("");
      at = close + 1;
    } else {
      result += text[at++];
    }
  }
  return is_complete ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<std::string> Variables::expand_one(std::string_view inside, const Position& position, Problems& problems,
                                                 bool is_secret) const {
  constexpr std::string_view kFile = "file:";
  if (inside.starts_with(kFile))
    return read_text_file(text::trim(inside.substr(kFile.size())), position, problems, is_secret);
  const auto dash = inside.find(":-");
  const std::string name(inside.substr(0, dash));
  if (!is_plain_word(name)) {
    problems.add(position, fmt::format("`${{{}}}` is not a variable's name", inside),
                 "write `${NAME}`, `${NAME:-default}` or `${file:path}`; `$${` for a plain `${`");
    return std::nullopt;
  }
  const auto value = look_up(name);
  const bool has_default = dash != std::string_view::npos;
  if (value && !(has_default && value->empty())) {
    if (is_secret) secrets_.add(*value);
    return value;
  }
  if (has_default) return expand(inside.substr(dash + 2), position, problems, is_secret);
  problems.add(position, fmt::format("variable `{}` is not set", name),
               fmt::format("set it in the environment or put `{}=…` in `.env`", name));
  return std::nullopt;
}

std::optional<std::string> Variables::read_text_file(std::string_view path, const Position& position,
                                                     Problems& problems, bool is_secret) const {
  try {
    std::string value = read_file(folder_ / path);
    while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
    if (is_secret) secrets_.add(value);
    return value;
  } catch (const Error& error) {
    const bool is_missing = error.kind() == ErrorKind::NotFound;
    problems.add(position,
                 is_missing ? fmt::format("there is no file `{}`", path)
                            : fmt::format("`${{file:{}}}`: {}", path, error.message()),
                 "the path of `${file:path}` begins at the project's folder");
    return std::nullopt;
  }
}

std::optional<std::string> Variables::look_up(const std::string& name) const {
  if (auto value = environment_(name)) return value;
  const auto found = dot_env_.find(name);
  return found == dot_env_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace lochan
