// How data goes through a project, table by table: from connections through raw tables, models and commands to what
// sinks carry out and what databases make of it.
#pragma once

#include <string>
#include <vector>

#include "plan/analysis.h"
#include "plan/graph.h"

namespace lochan {

struct FlowNode {
  std::string name;   // "branch_1", "raw.sale", "command:score", "warehouse: dwh.sale"
  std::string kind;   // "connection", "raw", "view", …, "command", "target", "outside"
  std::string group;  // its layer, or its connection; "" for none
};

struct FlowEdge {
  std::string from, to;  // names of nodes
  std::string by;        // the source, sink or nothing
  friend bool operator==(const FlowEdge&, const FlowEdge&) = default;
};

struct DataFlow {
  std::vector<FlowNode> nodes;
  std::vector<FlowEdge> edges;
};

DataFlow data_flow(const Project& project, const Analysis& analysis, const Graph& graph);
/// A node, all that it is made from and all that is made from it.
DataFlow around(const DataFlow& flow, const std::string& name);
/// https://mermaid.js.org/syntax/flowchart.html
std::string mermaid(const DataFlow& flow);

}  // namespace lochan
