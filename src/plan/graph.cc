#include "plan/graph.h"

#include <algorithm>

#include "project/rejected_name.h"

namespace lochan {
namespace {

const std::vector<TableName> kNone;

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
  add_databases(analysis);
  add_commands(analysis);
  for (const auto& [table, inputs] : inputs_) {
    if (makers_.contains(table)) continue;
    for (const TableName& input : inputs) add_edge(node(input), table);
  }
}

void Graph::add_databases(const Analysis& analysis) {
  const auto add = [&](const TableName& input, const TableName& reader) {
    if (!inputs_.contains(input)) return;
    inputs_[reader].push_back(input);
    readers_[input].push_back(reader);
  };
  for (const auto& [table, model] : analysis.database_models) {
    for (const TableName& input : model.reads) add(input, table);
    carriers_[table] = model.sinks;
  }
  for (const auto& [raw, models] : analysis.raw_reads)
    for (const TableName& model : models) add(model, raw);
}

std::set<std::string> Graph::carried_by(const TableName& table) const {
  const auto found = carriers_.find(table);
  return found == carriers_.end() ? std::set<std::string>{} : found->second;
}

void Graph::add_commands(const Analysis& analysis) {
  for (const auto& [name, command] : analysis.commands) {
    outputs_[name] = command.writes;
    for (const TableName& output : command.writes) makers_[output] = name;
  }
  for (const auto& [name, command] : analysis.commands) {
    for (const TableName& input : command.reads) {
      add_edge(node(input), name);
      for (const TableName& output : command.writes) {
        inputs_[output].push_back(input);
        readers_[input].push_back(output);
      }
    }
    for (const LocatedText& before : command.config->after) add_edge(*before, name);
  }
}

Graph::Node Graph::node(const TableName& table) const {
  const auto made_by = makers_.find(table);
  return made_by == makers_.end() ? Node(table) : Node(made_by->second);
}

void Graph::add_edge(const Node& needed, const Node& by) {
  needs_[by].push_back(needed);
  needed_by_[needed].push_back(by);
}

Reached Graph::reach(const Edges& edges, const Reached& from, int depth) const {
  std::set<Node> reached;
  for (const TableName& table : from.tables) reached.insert(node(table));
  for (const std::string& command : from.commands) reached.insert(command);
  std::vector<Node> frontier(reached.begin(), reached.end());
  for (int step = 0; !frontier.empty() && (depth < 0 || step < depth); ++step) {
    std::vector<Node> next;
    for (const Node& at : frontier) {
      const auto found = edges.find(at);
      if (found == edges.end()) continue;
      for (const Node& neighbour : found->second)
        if (reached.insert(neighbour).second) next.push_back(neighbour);
    }
    frontier = std::move(next);
  }
  Reached result;
  for (const Node& at : reached) {
    if (const auto* table = std::get_if<TableName>(&at)) {
      result.tables.insert(*table);
    } else {
      const std::string& command = std::get<std::string>(at);
      result.commands.insert(command);
      if (const auto outputs = outputs_.find(command); outputs != outputs_.end())
        result.tables.insert(outputs->second.begin(), outputs->second.end());
    }
  }
  return result;
}

Reached Graph::upstream(const Reached& from, int depth) const { return reach(needs_, from, depth); }
Reached Graph::downstream(const Reached& from, int depth) const { return reach(needed_by_, from, depth); }

const std::vector<TableName>& Graph::inputs(const TableName& table) const {
  const auto found = inputs_.find(table);
  return found == inputs_.end() ? kNone : found->second;
}

const std::vector<TableName>& Graph::readers(const TableName& table) const {
  const auto found = readers_.find(table);
  return found == readers_.end() ? kNone : found->second;
}

}  // namespace lochan
