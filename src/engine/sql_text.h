// What must be known of a SQL text without parsing it: where its tokens are. Strings, quoted names, comments and dollar
// quotes are never looked into. Everything else about SQL is asked of DuckDB's parser.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lochan {

enum class SqlTokenKind { Word, QuotedName, String, Number, Parameter, Symbol };

struct SqlToken {
  SqlTokenKind kind{};
  std::size_t offset = 0;
  std::size_t size = 0;

  std::size_t end() const { return offset + size; }
  std::string_view of(std::string_view sql) const { return sql.substr(offset, size); }
};

/// The next token at or after `offset`; comments and white space are skipped.
std::optional<SqlToken> next_token(std::string_view sql, std::size_t offset);

/// Statements between semicolons; empty ones are left out.
struct StatementText {
  std::size_t offset = 0;
  std::size_t size = 0;
};
std::vector<StatementText> split_statements(std::string_view sql);

/// How many bytes the name `a`, `a.b` or `"a" . b` that begins at `offset` has.
std::size_t name_size(std::string_view sql, std::size_t offset);

/// Where `$name` stands.
std::vector<SqlToken> parameter_tokens(std::string_view sql);

/// DuckDB's parser turns each Unicode space into one blank before it counts bytes: here into as many blanks as it has
/// bytes, so that positions stay those of the user's text. Unchanged when there is none outside of quotes.
std::string with_plain_spaces(std::string_view sql);

/// The byte that the character number `count` begins at: the parser's errors count characters, all else counts bytes.
std::size_t byte_of_character(std::string_view sql, std::size_t count);

/// `create macro` statements as statements for temporary ones, which one connection alone sees.
std::string as_temporary_macros(std::string_view sql);

}  // namespace lochan
