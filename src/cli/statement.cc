#include "cli/statement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

/// Without comments and blanks at its start.
std::string_view skip_blank(std::string_view sql) {
  for (;;) {
    sql = text::trim(sql);
    if (sql.starts_with("--")) {
      const auto end = sql.find('\n');
      sql = end == std::string_view::npos ? std::string_view{} : sql.substr(end);
    } else if (sql.starts_with("/*")) {
      const auto end = sql.find("*/");
      sql = end == std::string_view::npos ? std::string_view{} : sql.substr(end + 2);
    } else {
      return sql;
    }
  }
}

std::string first_word(std::string_view sql) {
  const auto end = std::ranges::find_if(sql, [](unsigned char letter) { return std::isalpha(letter) == 0; });
  return text::lower(std::string_view(sql.begin(), end));
}

/// The words that statements which read begin with.
const std::vector<std::string> kReading = {"select",  "with",     "from",      "values", "pivot",
                                           "unpivot", "describe", "summarize", "explain"};

bool is_query(std::string_view sql) {
  constexpr std::array<std::string_view, 6> kWords = {"select", "with", "from", "values", "pivot", "unpivot"};
  return sql.starts_with("(") || std::ranges::find(kWords, first_word(sql)) != kWords.end();
}

}  // namespace

Statement read_statement(std::string_view sql) {
  std::string_view rest = text::trim(sql);
  while (rest.ends_with(';')) rest = text::trim(rest.substr(0, rest.size() - 1));
  const std::string_view bare = skip_blank(rest);
  if (bare.empty())
    throw Error(ErrorKind::Usage, "no SQL was given").hint("lochan query \"select * from mart.sales_by_day\"");
  // Comments before a query stay, so that the positions of errors are those of what was typed.
  if (is_query(bare)) return {StatementKind::Query, "", std::string(rest)};
  const std::string word = first_word(bare);
  std::string_view query = skip_blank(bare.substr(word.size()));
  Statement statement;
  if (word == "describe" || word == "desc")
    statement = {StatementKind::Describe, "describe", ""};
  else if (word == "summarize")
    statement = {StatementKind::Summarize, "summarize", ""};
  else if (word == "explain")
    statement = {StatementKind::Explain, "explain", ""};
  else if (word == "show")
    throw Error(ErrorKind::Usage, "`show` is a command here")
        .hint("`lochan show` lists the tables, `lochan show mart.sales` shows one");
  else
    throw Error(ErrorKind::Usage, fmt::format("`lochan query` only reads, found `{}`",
                                              word.empty() ? std::string(bare.substr(0, 1)) : word))
        .hint(text::did_you_mean(word, kReading,
                                 "tables are written by models: change a file of models/ and `lochan run`"));
  if (statement.kind == StatementKind::Explain && first_word(query) == "analyze") {
    statement.prefix += " analyze";
    query = skip_blank(query.substr(std::string_view("analyze").size()));
  }
  // `describe mart.sales` is short for `describe from mart.sales`.
  statement.query = is_query(query) ? std::string(query) : fmt::format("from {}", query);
  return statement;
}

std::string compose(const Statement& statement, const std::function<std::string(const std::string&)>& resolve) {
  const std::string query = resolve(statement.query);
  switch (statement.kind) {
    case StatementKind::Query:
      return query;
    case StatementKind::Describe:
    case StatementKind::Summarize:
      return fmt::format("select * from ({} {}\n)", statement.prefix, query);
    case StatementKind::Explain:
      return fmt::format("{} {}", statement.prefix, query);
  }
  return query;
}

}  // namespace lochan
