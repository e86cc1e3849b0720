#include "engine/sql_text.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "base/text.h"

namespace lochan {
namespace {

bool is_word_start(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return std::isalpha(byte) != 0 || letter == '_' || byte >= 0x80;
}

bool is_word_part(char letter) {
  return is_word_start(letter) || std::isdigit(static_cast<unsigned char>(letter)) != 0 || letter == '$';
}

bool is_space(char letter) { return std::isspace(static_cast<unsigned char>(letter)) != 0; }

bool starts_at(std::string_view sql, std::size_t at, std::string_view text) {
  return sql.substr(at, text.size()) == text;
}

std::size_t find_end(std::string_view sql, std::size_t from, std::string_view end) {
  const std::size_t found = sql.find(end, from);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

// Comments of this kind may be nested, as in PostgreSQL.
std::size_t block_comment_end(std::string_view sql, std::size_t at) {
  int depth = 0;
  while (at < sql.size()) {
    if (starts_at(sql, at, "/*")) {
      ++depth;
      at += 2;
    } else if (starts_at(sql, at, "*/")) {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return at;
}

// Bytes of a space beyond ASCII at `at`, as DuckDB's parser knows them: U+00A0, U+2000-U+200B, U+202F, U+205F, U+2060,
// U+3000, U+FEFF; 0 when there is none.
std::size_t unicode_space_size(std::string_view sql, std::size_t at) {
  const auto byte = [&](std::size_t offset) {
    return at + offset < sql.size() ? static_cast<unsigned char>(sql[at + offset]) : 0U;
  };
  if (byte(0) == 0xC2 && byte(1) == 0xA0) return 2;
  if (byte(0) == 0xE2 && byte(1) == 0x80 && ((byte(2) >= 0x80 && byte(2) <= 0x8B) || byte(2) == 0xAF)) return 3;
  if (byte(0) == 0xE2 && byte(1) == 0x81 && (byte(2) == 0x9F || byte(2) == 0xA0)) return 3;
  if (byte(0) == 0xE3 && byte(1) == 0x80 && byte(2) == 0x80) return 3;
  if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return 3;
  return 0;
}

std::size_t skip_blank(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (is_space(sql[at])) {
      ++at;
    } else if (starts_at(sql, at, "--")) {
      at = find_end(sql, at, "\n");
    } else if (starts_at(sql, at, "/*")) {
      at = block_comment_end(sql, at);
    } else if (const std::size_t size = unicode_space_size(sql, at); size > 0) {
      at += size;
    } else {
      return at;
    }
  }
  return at;
}

// A quote within is doubled; after `e'` a backslash hides it too.
std::size_t quoted_end(std::string_view sql, std::size_t at, bool with_backslash) {
  const char quote = sql[at++];
  while (at < sql.size()) {
    if (with_backslash && sql[at] == '\\') {
      at += 2;
    } else if (sql[at] != quote) {
      ++at;
    } else if (at + 1 < sql.size() && sql[at + 1] == quote) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return sql.size();
}

std::size_t word_end(std::string_view sql, std::size_t at) {
  while (at < sql.size() && is_word_part(sql[at]) && unicode_space_size(sql, at) == 0) ++at;
  return at;
}

// `$name` is a parameter, `$tag$ … $tag$` and `$$ … $$` are strings.
SqlToken dollar_token(std::string_view sql, std::size_t at) {
  std::size_t end = at + 1;
  while (end < sql.size() && is_word_part(sql[end]) && sql[end] != '$') ++end;
  if (end < sql.size() && sql[end] == '$') {
    const std::string_view tag = sql.substr(at, end + 1 - at);
    return {SqlTokenKind::String, at, find_end(sql, end + 1, tag) - at};
  }
  return {end > at + 1 ? SqlTokenKind::Parameter : SqlTokenKind::Symbol, at, end - at};
}

bool is_word(std::string_view sql, const std::optional<SqlToken>& token,
             std::initializer_list<std::string_view> words) {
  return token && token->kind == SqlTokenKind::Word &&
         std::ranges::find(words, text::lower(token->of(sql))) != words.end();
}

}  // namespace

std::optional<SqlToken> next_token(std::string_view sql, std::size_t offset) {
  const std::size_t at = skip_blank(sql, offset);
  if (at >= sql.size()) return std::nullopt;
  const char letter = sql[at];
  if (letter == '\'') return SqlToken{SqlTokenKind::String, at, quoted_end(sql, at, false) - at};
  if ((letter == 'e' || letter == 'E') && starts_at(sql, at + 1, "'"))
    return SqlToken{SqlTokenKind::String, at, std::min(quoted_end(sql, at + 1, true), sql.size()) - at};
  if (letter == '"') return SqlToken{SqlTokenKind::QuotedName, at, quoted_end(sql, at, false) - at};
  if (letter == '$') return dollar_token(sql, at);
  if (is_word_start(letter)) return SqlToken{SqlTokenKind::Word, at, word_end(sql, at) - at};
  if (std::isdigit(static_cast<unsigned char>(letter)) != 0) {
    std::size_t end = at;
    while (end < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[end])) != 0 || sql[end] == '_')) ++end;
    return SqlToken{SqlTokenKind::Number, at, end - at};
  }
  return SqlToken{SqlTokenKind::Symbol, at, 1};
}

std::vector<StatementText> split_statements(std::string_view sql) {
  std::vector<StatementText> statements;
  std::optional<SqlToken> first;
  std::size_t end = 0;
  const auto close = [&] {
    if (first) statements.push_back({first->offset, end - first->offset});
    first.reset();
  };
  for (auto token = next_token(sql, 0); token; token = next_token(sql, token->end())) {
    if (token->kind == SqlTokenKind::Symbol && token->of(sql) == ";") {
      close();
      continue;
    }
    if (!first) first = token;
    end = token->end();
  }
  close();
  return statements;
}

std::size_t name_size(std::string_view sql, std::size_t offset) {
  std::size_t end = offset;
  for (auto token = next_token(sql, offset); token; token = next_token(sql, token->end())) {
    end = token->end();
    const auto dot = next_token(sql, end);
    if (!dot || dot->of(sql) != ".") break;
    token = dot;
  }
  return end - offset;
}

std::vector<SqlToken> parameter_tokens(std::string_view sql) {
  std::vector<SqlToken> parameters;
  if (sql.find('$') == std::string_view::npos) return parameters;
  for (auto token = next_token(sql, 0); token; token = next_token(sql, token->end())) {
    if (token->kind == SqlTokenKind::Parameter) parameters.push_back(*token);
  }
  return parameters;
}

std::string with_plain_spaces(std::string_view sql) {
  std::string plain(sql);
  if (std::ranges::none_of(sql, [](char letter) { return static_cast<unsigned char>(letter) >= 0x80; })) return plain;
  std::size_t blank_from = 0;
  const auto blank_to = [&](std::size_t end) {
    for (std::size_t at = blank_from; at < end;) {
      const std::size_t size = unicode_space_size(sql, at);
      std::fill_n(plain.begin() + static_cast<std::ptrdiff_t>(at), size, ' ');
      at += std::max<std::size_t>(size, 1);
    }
  };
  for (auto token = next_token(sql, 0); token; token = next_token(sql, token->end())) {
    blank_to(token->offset);
    blank_from = token->end();
  }
  blank_to(sql.size());
  return plain;
}

std::size_t byte_of_character(std::string_view sql, std::size_t count) {
  std::size_t at = 0;
  for (; at < sql.size(); ++at) {
    const bool is_first_byte = (static_cast<unsigned char>(sql[at]) & 0xC0U) != 0x80U;
    if (is_first_byte && count-- == 0) break;
  }
  return at;
}

std::string as_temporary_macros(std::string_view sql) {
  std::string temporary;
  for (const StatementText& statement : split_statements(sql)) {
    const std::string_view whole = sql.substr(statement.offset, statement.size);
    auto last = next_token(whole, 0);
    auto word = is_word(whole, last, {"create"}) ? next_token(whole, last->end()) : std::nullopt;
    if (is_word(whole, word, {"or"})) {
      last = next_token(whole, word->end());
      word = last ? next_token(whole, last->end()) : std::nullopt;
    }
    temporary += is_word(whole, word, {"macro", "function"})
                     ? std::string(whole.substr(0, word->offset)) + "temp " + std::string(whole.substr(word->offset))
                     : std::string(whole);
    temporary += ";\n";
  }
  return temporary;
}

}  // namespace lochan
