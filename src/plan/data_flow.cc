#include "plan/data_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "project/database_model.h"

namespace lochan {
namespace {

class Flow {
 public:
  Flow(const Project& project, const Analysis& analysis, const Graph& graph)
      : project_(project), analysis_(analysis), graph_(graph) {}

  DataFlow read() {
    add_raw_tables();
    for (const TableName& table : graph_.order()) add_table(table);
    add_commands();
    for (const auto& [table, model] : analysis_.models)
      for (const TableName& input : model.reads) add_edge(lake(input), to_string(table));
    add_databases();
    add_sinks();
    return std::move(flow_);
  }

 private:
  std::string add(const std::string& name, const std::string& kind, const std::string& group) {
    if (seen_.insert(name).second) flow_.nodes.push_back({name, kind, group});
    return name;
  }

  void add_edge(const std::string& from, const std::string& to, const std::string& by = "") {
    FlowEdge edge{from, to, by};
    if (std::ranges::find(flow_.edges, edge) == flow_.edges.end()) flow_.edges.push_back(std::move(edge));
  }

  // A table that the project doesn't make may be read too.
  std::string lake(const TableName& table) { return add(to_string(table), "outside", table.layer); }

  void add_raw_tables() {
    for (const auto& [name, source] : project_.sources) {
      for (const LocatedText& from : source.from) {
        add(*from, "connection", "");
        for (const SourceTable& table : source.tables) {
          add(to_string(table.table()), "raw", "raw");
          add_edge(*from, to_string(table.table()), "source:" + name);
        }
      }
    }
    for (const auto& [raw, models] : analysis_.raw_reads)
      for (const TableName& model : models) add_edge(to_string(model), to_string(raw));
  }

  void add_table(const TableName& table) {
    if (const auto model = project_.models.find(table); model != project_.models.end())
      add(to_string(table), std::string(to_string(model->second.materialized)), table.layer);
    else if (const auto there = project_.database_models.find(table); there != project_.database_models.end())
      add(to_string(table), std::string(to_string(there->second.materialized)), *there->second.database->in.value());
    else
      add(to_string(table), maker(analysis_, table) != nullptr ? "output" : "raw", table.layer);
  }

  void add_commands() {
    for (const auto& [name, command] : analysis_.commands) {
      const std::string node = add("command:" + name, "command", "");
      for (const TableName& input : command.reads) add_edge(lake(input), node);
      for (const TableName& output : command.writes) add_edge(node, to_string(output));
    }
  }

  std::string target(const std::string& connection, const PostgresName& name) {
    return add(fmt::format("{}: {}", connection, name.text()), "target", connection);
  }

  std::string name_at(const SinkConfig& sink, const SinkTable& table) const {
    const auto connection = project_.connections.find(*sink.to);
    const bool is_postgres = connection != project_.connections.end() && connection->second.kind == "postgres";
    return is_postgres ? postgres_name(sink, table).text() : table.to;
  }

  void add_databases() {
    for (const auto& [table, model] : analysis_.database_models) {
      const std::string connection = *model.model->database->in.value();
      for (const std::string& outside : model.outside)
        add_edge(add(fmt::format("{}: {}", connection, outside), "outside", connection), to_string(table));
      for (const TableName& input : model.reads) {
        if (analysis_.database_models.contains(input)) add_edge(to_string(input), to_string(table));
        for (const std::string& sink : model.sinks)
          for (const SinkTable& carried : project_.sinks.at(sink).tables)
            if (carried.table == input)
              add_edge(target(connection, postgres_name(project_.sinks.at(sink), carried)), to_string(table));
      }
    }
  }

  void add_sinks() {
    for (const auto& [name, sink] : project_.sinks)
      for (const SinkTable& table : sink.tables)
        add_edge(lake(table.table), add(fmt::format("{}: {}", *sink.to, name_at(sink, table)), "target", *sink.to),
                 "sink:" + name);
  }

  const Project& project_;
  const Analysis& analysis_;
  const Graph& graph_;
  std::set<std::string> seen_;
  DataFlow flow_;
};

std::set<std::string> reach(const DataFlow& flow, const std::string& name, bool upstream) {
  std::set<std::string> reached{name};
  for (bool grows = true; grows;) {
    grows = false;
    for (const FlowEdge& edge : flow.edges)
      if (reached.contains(upstream ? edge.to : edge.from))
        grows = reached.insert(upstream ? edge.from : edge.to).second || grows;
  }
  return reached;
}

// The shape tells the kind.
std::string shape(const FlowNode& node, const std::string& id) {
  std::string label = node.name;
  for (std::size_t at = 0; (at = label.find('"', at)) != std::string::npos; at += 6) label.replace(at, 1, "#quot;");
  if (node.kind == "connection" || node.kind == "target" || node.kind == "outside")
    return fmt::format("{}[(\"{}\")]", id, label);
  if (node.kind == "command") return fmt::format("{}{{{{\"{}\"}}}}", id, label);
  if (node.kind == "view" || node.kind == "materialized_view") return fmt::format("{}([\"{}\"])", id, label);
  return fmt::format("{}[\"{}\"]", id, label);
}

}  // namespace

DataFlow data_flow(const Project& project, const Analysis& analysis, const Graph& graph) {
  return Flow(project, analysis, graph).read();
}

DataFlow around(const DataFlow& flow, const std::string& name) {
  std::set<std::string> kept = reach(flow, name, true);
  kept.merge(reach(flow, name, false));
  DataFlow result;
  std::ranges::copy_if(flow.nodes, std::back_inserter(result.nodes),
                       [&](const FlowNode& node) { return kept.contains(node.name); });
  std::ranges::copy_if(flow.edges, std::back_inserter(result.edges),
                       [&](const FlowEdge& edge) { return kept.contains(edge.from) && kept.contains(edge.to); });
  return result;
}

std::string mermaid(const DataFlow& flow) {
  std::map<std::string, std::string> ids;
  std::vector<std::string> groups;
  for (const FlowNode& node : flow.nodes) {
    ids.emplace(node.name, fmt::format("n{}", ids.size() + 1));
    if (std::ranges::find(groups, node.group) == groups.end()) groups.push_back(node.group);
  }
  std::string text = "flowchart LR\n";
  for (const std::string& group : groups) {
    const std::string indent = group.empty() ? "  " : "    ";
    if (!group.empty()) text += fmt::format("  subgraph g_{0}[\"{0}\"]\n", group);
    for (const FlowNode& node : flow.nodes)
      if (node.group == group) text += indent + shape(node, ids.at(node.name)) + "\n";
    if (!group.empty()) text += "  end\n";
  }
  for (const FlowEdge& edge : flow.edges)
    text += fmt::format("  {} {} {}\n", ids.at(edge.from),
                        edge.by.empty() ? "-->" : fmt::format("-- \"{}\" -->", edge.by), ids.at(edge.to));
  return text;
}

}  // namespace lochan
