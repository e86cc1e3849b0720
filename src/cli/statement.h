// A statement a person typed into `lochan query`: only those that read are let through.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lochan {

enum class StatementKind { Query, Describe, Summarize, Explain };

struct Statement {
  StatementKind kind = StatementKind::Query;
  std::string prefix;  // `explain analyze`, …; empty for a query
  std::string query;   // the SELECT, without a `;` at its end
};

/// Throws Error{Usage} for a statement that writes, or none at all.
Statement read_statement(std::string_view sql);

/// The SQL to run, with the query's names put in place by `resolve`; one SELECT, except for explain.
std::string compose(const Statement& statement, const std::function<std::string(const std::string&)>& resolve);

}  // namespace lochan
