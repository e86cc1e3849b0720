// Which table is made from which, and which command needs which: raw tables, models and commands, with edges from what is
// needed to what needs it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "plan/analysis.h"

namespace lochan {

/// Tables and commands, as a walk along the graph reaches them: an output of a command never without the command, nor it
/// without its outputs.
struct Reached {
  std::set<TableName> tables;
  std::set<std::string> commands;
};

class Graph {
 public:
  explicit Graph(const Analysis& analysis);

  const std::vector<TableName>& order() const { return order_; }  // inputs first
  const std::vector<TableName>& inputs(const TableName& table) const;
  const std::vector<TableName>& readers(const TableName& table) const;
  /// The table itself and all within `depth` steps; depth < 0 means all.
  std::set<TableName> upstream(const TableName& table, int depth = -1) const { return upstream(Reached{{table}, {}}, depth).tables; }
  std::set<TableName> downstream(const TableName& table, int depth = -1) const { return downstream(Reached{{table}, {}}, depth).tables; }
  Reached upstream(const Reached& from, int depth = -1) const;
  Reached downstream(const Reached& from, int depth = -1) const;
  bool contains(const TableName& table) const { return inputs_.contains(table); }
  /// The sinks that carry what a model in a database reads; of other tables none.
  std::set<std::string> carried_by(const TableName& table) const;

 private:
  /// A table that no command writes, or a command with its outputs.
  using Node = std::variant<TableName, std::string>;
  using Edges = std::map<Node, std::vector<Node>>;

  Node node(const TableName& table) const;
  void add_edge(const Node& needed, const Node& by);
  void add_commands(const Analysis& analysis);
  void add_databases(const Analysis& analysis);
  Reached reach(const Edges& edges, const Reached& from, int depth) const;

  std::vector<TableName> order_;
  std::map<TableName, std::vector<TableName>> inputs_;
  std::map<TableName, std::vector<TableName>> readers_;
  std::map<TableName, std::string> makers_;  // of what commands write
  std::map<std::string, std::vector<TableName>> outputs_;
  std::map<TableName, std::set<std::string>> carriers_;
  Edges needs_, needed_by_;
};

}  // namespace lochan
