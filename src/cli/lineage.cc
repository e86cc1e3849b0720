// `lochan lineage`: how data goes through the project, table by table.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "plan/data_flow.h"
#include "run/lake.h"

namespace lochan {
namespace {

class LineageCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("TABLE", table_,
                     "layer.name: it, what it is made from and what is made from it; by default everything", false);
    options.choice("-o,--output", output_, {"text", "json", "mermaid"},
                   "for people, for programs, or as a diagram's text");
  }
  bool wants_json() const override { return output_ == "json"; }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    const std::vector<Entry> entries = lake.catalog().entries("main");
    Shadow shadow;
    Analysis analysis = analyse(project, entries, shadow);
    if (!analysis.problems.empty()) throw ProjectProblems(std::move(analysis.problems));
    DataFlow flow = data_flow(project, analysis, Graph(analysis));
    if (!table_.empty()) flow = around(flow, find(flow));
    if (output_ == "mermaid")
      context.terminal.print(text::trim(mermaid(flow)));
    else if (output_ == "json")
      print_document(context.terminal, to_document(flow));
    else
      print(context.terminal, flow);
    return kExitDone;
  }

 private:
  std::string find(const DataFlow& flow) const {
    std::vector<std::string> names;
    for (const FlowNode& node : flow.nodes) {
      if (node.name == table_) return table_;
      names.push_back(node.name);
    }
    throw Error(ErrorKind::Usage, fmt::format("no table `{}`", table_))
        .hint(text::did_you_mean(table_, names, "`lochan lineage` lists them"));
  }

  static Document to_document(const DataFlow& flow) {
    Document nodes = Document::array(), edges = Document::array();
    for (const FlowNode& node : flow.nodes)
      nodes.push_back({{"name", node.name}, {"kind", node.kind}, {"group", node.group}});
    for (const FlowEdge& edge : flow.edges) edges.push_back({{"from", edge.from}, {"to", edge.to}, {"by", edge.by}});
    return {{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
  }

  static void print(Terminal& terminal, const DataFlow& flow) {
    std::vector<std::vector<std::string>> lines = {{"name", "kind", "made from"}};
    for (const FlowNode& node : flow.nodes) {
      std::vector<std::string> inputs;
      for (const FlowEdge& edge : flow.edges)
        if (edge.to == node.name) inputs.push_back(edge.from);
      lines.push_back({node.name, node.kind, fmt::format("{}", fmt::join(inputs, ", "))});
    }
    terminal.print(lines.size() == 1 ? "no tables: add a file to sources/ or models/" : align(lines));
  }

  std::string table_;
  std::string output_ = "text";
};

}  // namespace

CommandKind lineage_command() {
  return {.name = "lineage",
          .group = "the lake",
          .summary = "show how data goes from connections through tables to targets",
          .more = "A diagram's text is shown as one by GitHub, in a block ```mermaid.",
          .examples = {{"lineage", "every table, and what it is made from"},
                       {"lineage mart.sales_by_day", "one table, upwards and downwards"},
                       {"lineage --output mermaid", "the data-flow diagram"}},
          .make = make_command<LineageCommand>};
}

}  // namespace lochan
