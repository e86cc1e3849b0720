// Auditing: counting what fails, cheaply, and showing the first rows of it.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "check/check.h"

namespace lochan {
namespace {

class Auditor {
 public:
  Auditor(Session& session, Shadow& shadow, const TableName& table, const Resolve& resolve, const Parameters& parameters)
      : session_(session), shadow_(shadow), table_(table), resolve_(resolve), parameters_(parameters) {}

  CheckResult begin(const CheckConfig& config) const {
    CheckResult result;
    result.name = config.name.empty() ? config.kind : config.name;
    result.table = table_;
    result.severity = config.severity;
    result.position = config.position;
    return result;
  }

  /// The user's names replaced by the branch's tables.
  std::string in_place(const std::string& sql, const CheckConfig& config) {
    return rewrite(sql, shadow_.parse(sql, config.position.file).references, resolve_);
  }

  // On lines of their own: the user's query may end in a comment.
  std::int64_t count(const std::string& sql) {
    return session_.query(fmt::format("select count(*) from (\n{}\n)", sql), parameters_).integer();
  }
  // In an order of its own, so that the same failure shows the same rows.
  Rows sample(const std::string& sql) {
    return session_.query(fmt::format("select * from (\n{}\n) order by all limit {}", sql, kSampleRows), parameters_);
  }

  void run(const Check& check, const CheckConfig& config, CheckResult& result) {
    guarded(result, [&] {
      const std::string sql = in_place(check.select_failing(table_), config);
      result.failing = count(sql);
      if (result.failing > 0) result.sample = sample(sql);
    });
  }

  void show(const Check& check, const CheckConfig& config, CheckResult& result) {
    guarded(result, [&] { result.sample = sample(in_place(check.select_failing(table_), config)); });
  }

  // A check that can't be run has failed; an engine or a source that is away may be asked again.
  template <typename Work>
  void guarded(CheckResult& result, Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::Internal) throw;
      result.error = error.hint().empty() ? error.message() : fmt::format("{} ({})", error.message(), error.hint());
    }
  }

  /// How many rows fail each of `checks`, in one scan. Nothing when the scan can't be run: one of them is broken, and
  /// each alone says which.
  std::vector<std::int64_t> count_together(const std::vector<const RowCheck*>& checks, const CheckConfig& first) {
    std::vector<std::string> counts;
    for (const RowCheck* check : checks) counts.push_back(fmt::format("count(*) filter (where {})", check->failing_condition()));
    std::vector<std::int64_t> failing;
    try {
      const Rows rows = session_.query(in_place(fmt::format("select {} from {}", fmt::join(counts, ", "), quoted(table_)), first), parameters_);
      for (std::size_t i = 0; i < checks.size(); ++i) failing.push_back(rows.integer(0, i));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::Internal) throw;
      failing.clear();
    }
    return failing;
  }

 private:
  Session& session_;
  Shadow& shadow_;
  const TableName& table_;
  const Resolve& resolve_;
  const Parameters& parameters_;
};

}  // namespace

Parameters check_parameters(const std::string& run_at) { return {{"run_at", {"TIMESTAMPTZ", run_at}}}; }

CheckResult audit(Session& session, Shadow& shadow, const TableName& table, const CheckConfig& config,
                  const Resolve& resolve, const Parameters& parameters) {
  const CheckConfig* only = &config;
  return audit_all(session, shadow, table, std::span(&only, 1), resolve, parameters).front();
}

std::vector<CheckResult> audit_all(Session& session, Shadow& shadow, const TableName& table,
                                   std::span<const CheckConfig* const> configs, const Resolve& resolve,
                                   const Parameters& parameters) {
  Auditor auditor(session, shadow, table, resolve, parameters);
  std::vector<CheckResult> results;
  std::vector<std::unique_ptr<Check>> checks;
  std::vector<const RowCheck*> sharing;
  std::vector<std::size_t> sharers;
  for (const CheckConfig* config : configs) {
    results.push_back(auditor.begin(*config));
    checks.push_back(make_check(*config));
    if (const auto* row = dynamic_cast<const RowCheck*>(checks.back().get())) {
      sharing.push_back(row);
      sharers.push_back(results.size() - 1);
    }
  }
  if (sharing.size() > 1) {
    const std::vector<std::int64_t> failing = auditor.count_together(sharing, *configs[sharers.front()]);
    for (std::size_t i = 0; i < failing.size(); ++i) {
      const std::size_t at = sharers[i];
      results[at].failing = failing[i];
      if (failing[i] > 0) auditor.show(*checks[at], *configs[at], results[at]);
      checks[at].reset();
    }
  }
  for (std::size_t i = 0; i < checks.size(); ++i)
    if (checks[i]) auditor.run(*checks[i], *configs[i], results[i]);
  return results;
}

}  // namespace lochan
