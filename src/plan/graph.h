// Which table is made from which: raw tables and models, with edges from inputs to readers.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "plan/analysis.h"

namespace lochan {

class Graph {
 public:
  explicit Graph(const Analysis& analysis);

  const std::vector<TableName>& order() const { return order_; }  // inputs first
  const std::vector<TableName>& inputs(const TableName& table) const;
  const std::vector<TableName>& readers(const TableName& table) const;
  /// The table itself and all within `depth` steps; depth < 0 means all.
  std::set<TableName> upstream(const TableName& table, int depth = -1) const;
  std::set<TableName> downstream(const TableName& table, int depth = -1) const;
  bool contains(const TableName& table) const { return inputs_.contains(table); }

 private:
  std::vector<TableName> order_;
  std::map<TableName, std::vector<TableName>> inputs_;
  std::map<TableName, std::vector<TableName>> readers_;
};

}  // namespace lochan
