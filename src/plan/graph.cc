#include "plan/graph.h"

#include <algorithm>

#include "project/rejected_name.h"

namespace lochan {
namespace {

const std::vector<TableName> kNone;

std::set<TableName> reach(const std::map<TableName, std::vector<TableName>>& edges, const TableName& from, int depth) {
  std::set<TableName> reached{from};
  std::vector<TableName> frontier{from};
  for (int step = 0; !frontier.empty() && (depth < 0 || step < depth); ++step) {
    std::vector<TableName> next;
    for (const TableName& table : frontier) {
      const auto found = edges.find(table);
      if (found == edges.end()) continue;
      for (const TableName& neighbour : found->second)
        if (reached.insert(neighbour).second) next.push_back(neighbour);
    }
    frontier = std::move(next);
  }
  return reached;
}

}  // namespace

Graph::Graph(const Analysis& analysis) : order_(analysis.order) {
  for (const TableName& table : order_) inputs_[table];
  for (const auto& [table, model] : analysis.models) {
    for (const TableName& input : model.reads) {
      // Refused records come about with their table.
      if (const auto base = rejected_of(input); base && inputs_.contains(*base) && !inputs_.contains(input)) {
        inputs_[input] = {*base};
        readers_[*base].push_back(input);
      }
      if (!inputs_.contains(input)) continue;  // a table that outsiders keep
      inputs_[table].push_back(input);
      readers_[input].push_back(table);
    }
  }
}

const std::vector<TableName>& Graph::inputs(const TableName& table) const {
  const auto found = inputs_.find(table);
  return found == inputs_.end() ? kNone : found->second;
}

const std::vector<TableName>& Graph::readers(const TableName& table) const {
  const auto found = readers_.find(table);
  return found == readers_.end() ? kNone : found->second;
}

std::set<TableName> Graph::upstream(const TableName& table, int depth) const { return reach(inputs_, table, depth); }
std::set<TableName> Graph::downstream(const TableName& table, int depth) const { return reach(readers_, table, depth); }

}  // namespace lochan
