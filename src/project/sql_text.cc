#include "project/sql_text.h"

#include <algorithm>
#include <cctype>

namespace lochan {
namespace {

using Kind = SqlPart::Kind;

bool is_name_letter(char letter) {
  return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || (letter & 0x80) != 0;
}

/// After the `/*` at `begin`; they nest.
std::size_t end_of_comment(std::string_view sql, std::size_t begin) {
  int depth = 0;
  for (std::size_t at = begin; at < sql.size();) {
    const std::string_view two = sql.substr(at, 2);
    if (two == "/*") {
      ++depth;
      at += 2;
    } else if (two == "*/") {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return sql.size();
}

/// After the quote that closes the one at `begin`; a doubled one goes on, and so does `\'` in e'…'.
std::size_t end_of_quoted(std::string_view sql, std::size_t begin, bool has_escapes) {
  const char quote = sql[begin];
  for (std::size_t at = begin + 1; at < sql.size(); ++at) {
    if (has_escapes && sql[at] == '\\') {
      ++at;
    } else if (sql[at] == quote) {
      if (sql.substr(at + 1, 1) != std::string_view(&quote, 1)) return at + 1;
      ++at;
    }
  }
  return sql.size();
}

/// The size of `$tag$` at the beginning, 0 when there is none.
std::size_t dollar_tag_size(std::string_view sql) {
  if (!sql.starts_with('$')) return 0;
  const auto end = std::find_if_not(sql.begin() + 1, sql.end(), is_name_letter);
  const auto size = static_cast<std::size_t>(end - sql.begin());
  if (size >= sql.size() || sql[size] != '$' || (size > 1 && std::isdigit(static_cast<unsigned char>(sql[1])) != 0))
    return 0;
  return size + 1;
}

/// The end of the comment or quoted part that begins at `at`; `at` itself when code does.
std::size_t end_of_part(std::string_view sql, std::size_t at, Kind& kind) {
  const std::string_view rest = sql.substr(at);
  kind = Kind::Comment;
  if (rest.starts_with("--")) return std::min(sql.find('\n', at), sql.size());
  if (rest.starts_with("/*")) return end_of_comment(sql, at);
  kind = Kind::Quoted;
  const bool follows_name = at > 0 && is_name_letter(sql[at - 1]);
  if (rest.starts_with('"')) return end_of_quoted(sql, at, false);
  if (rest.starts_with('\'')) {
    const bool is_e =
        follows_name && (sql[at - 1] == 'e' || sql[at - 1] == 'E') && (at < 2 || !is_name_letter(sql[at - 2]));
    return end_of_quoted(sql, at, is_e);
  }
  if (const std::size_t tag = follows_name ? 0 : dollar_tag_size(rest); tag > 0) {
    const std::size_t close = sql.find(rest.substr(0, tag), at + tag);
    return close == std::string_view::npos ? sql.size() : close + tag;
  }
  kind = Kind::Code;
  return at;
}

}  // namespace

std::vector<SqlPart> split_sql(std::string_view sql) {
  std::vector<SqlPart> parts;
  std::size_t code = 0;
  for (std::size_t at = 0; at < sql.size();) {
    Kind kind = Kind::Code;
    const std::size_t end = end_of_part(sql, at, kind);
    if (kind == Kind::Code) {
      ++at;
      continue;
    }
    if (code < at) parts.push_back({Kind::Code, code, at});
    parts.push_back({kind, at, end});
    at = code = end;
  }
  if (code < sql.size()) parts.push_back({Kind::Code, code, sql.size()});
  return parts;
}

void blank_out(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t at = begin; at < std::min(end, text.size()); ++at)
    if (text[at] != '\n' && text[at] != '\r') text[at] = ' ';
}

bool is_blank_sql(std::string_view sql) {
  return std::ranges::all_of(
      sql, [](char letter) { return letter == ';' || std::isspace(static_cast<unsigned char>(letter)) != 0; });
}

}  // namespace lochan
