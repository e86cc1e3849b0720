// Where a model's rows come from: which expressions over one row of an input give which of its columns, as the parser's
// tree of its query says. What is computed of several rows, or of several inputs at once, has no such expression.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "project/table_name.h"

namespace lochan {

/// A place where a query reads a table; a table that is read twice has two.
struct OriginInput {
  /// A column of the model, and the parser's tree (JSON) of what gives it, over the input's row `i`.
  struct Match {
    std::string column;
    std::string tree;
  };
  /// The query joins it where `own`, over its row `i`, equals `other`, over the row `p` of another input.
  struct Link {
    std::size_t input = 0;
    std::string own, other;
  };

  TableName table;
  std::vector<Match> matches;
  std::vector<Link> links;
};

struct Origins {
  std::vector<OriginInput> inputs;
  bool is_grouped = false;  // rows of it are made of several rows of an input
  std::string unknown;      // what of the query isn't understood; "" when all is
};

struct OriginContext {
  std::function<std::vector<std::string>(const TableName&)> columns;
  std::set<std::string> aggregates;  // names of functions, in small letters
};

/// `tree` is ParsedQuery::canonical.
Origins read_origins(const std::string& tree, const OriginContext& context);

/// A query of one expression's tree, for `json_deserialize_sql`: its answer is `SELECT` and the expression's SQL.
std::string as_query(const std::string& expression);

}  // namespace lochan
