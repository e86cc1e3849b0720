// Audits without building: `lochan check`.
#include "run/planning.h"
#include "run/query.h"
#include "run/reconciling.h"
#include "run/run.h"

namespace lochan {

std::vector<CheckResult> check_tables(Lake& lake, const std::string& ref, const std::vector<std::string>& select,
                                      const std::vector<std::string>& exclude, Observer& observer,
                                      std::stop_token stop) {
  const std::string bound = ref.empty() ? "main" : ref;
  const std::vector<Entry> entries = lake.catalog().entries(bound);
  Shadow shadow;
  const Analysis analysis = analyse(lake.project(), entries, shadow);
  if (!analysis.problems.empty()) throw ProjectProblems(analysis.problems);
  const Graph graph(analysis);
  const std::set<TableName> chosen = choose_tables(lake, analysis, graph, bound, select, exclude);
  // Of a run's own branch nothing is known: what its sources said is published with what it loads.
  const bool is_of_run = bound.starts_with("run-");
  std::map<TableName, std::map<std::string, SourceTotals>> built;
  for (const Entry& entry : entries) built[entry.table] = is_of_run ? std::map<std::string, SourceTotals>{} : published_totals(entry);
  std::vector<CheckResult> results;
  LakeReader reader(lake, bound);
  const std::stop_callback interrupt(stop, [&] { reader.session().interrupt(); });
  for (const TableName& table : graph.order()) {
    const auto checks = analysis.checks.find(table);
    if (!chosen.contains(table) || !built.contains(table) || checks == analysis.checks.end()) continue;
    if (stop.stop_requested()) return results;
    std::vector<const CheckConfig*> configs;
    for (const AnalysedCheck& check : checks->second)
      if (check.config->kind != kReconciliationCheck) configs.push_back(check.config);
    std::vector<CheckResult> found = audit_all(
        reader.session(), shadow, table, configs, [&](const TableName& name) { return reader.resolve_name(name); },
        check_parameters(to_string(lake.clock().now())));
    for (CheckResult& result :
         audit_reconciliations(reader.session(), lake.project(), analysis, table, reader.resolve_name(table), built.at(table)))
      found.push_back(std::move(result));
    for (CheckResult& result : found) {
      observer.check_finished(result);
      results.push_back(std::move(result));
    }
  }
  return results;
}

}  // namespace lochan
