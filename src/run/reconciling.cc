#include "run/reconciling.h"

#include <algorithm>

#include "check/reconciliation.h"

namespace lochan {
namespace {

const SourceTable* find_source_table(const Project& project, const TableName& table) {
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& candidate : source.tables)
      if (candidate.table() == table) return &candidate;
  return nullptr;
}

}  // namespace

std::map<std::string, SourceTotals> published_totals(const Entry& entry) {
  const auto found = entry.properties.find("lochan.totals");
  return found == entry.properties.end() ? std::map<std::string, SourceTotals>{} : parse_totals(found->second);
}

std::vector<CheckResult> audit_reconciliations(Session& session, const Project& project, const Analysis& analysis, const TableName& table,
                                               const std::string& name, const std::map<std::string, SourceTotals>& totals) {
  std::vector<CheckResult> results;
  const SourceTable* source = find_source_table(project, table);
  if (source == nullptr) return results;
  for (const AnalysedCheck& check : analysis.checks.at(table))
    if (check.config->kind == kReconciliationCheck) results.push_back(audit_reconciliation(session, *check.config, *source, name, totals));
  return results;
}

}  // namespace lochan
