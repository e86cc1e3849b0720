// Auditing: counting what fails, cheaply, and showing the first rows of it.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/error.h"
#include "base/sql.h"
#include "check/check.h"
#include "check/dense_key.h"

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

  /// The values of aggregates over the table, in one scan. Nothing when the scan can't be run: one of them is broken,
  /// and each check alone says which.
  std::optional<std::vector<std::optional<std::string>>> scan(const std::vector<std::string>& aggregates, const CheckConfig& first) {
    const std::string sql = fmt::format("select {} from {}", fmt::join(aggregates, ", "), quoted(table_));
    return unless_broken([&] { return session_.query(in_place(sql, first), parameters_).rows.front(); });
  }

  /// The types of the columns of a key; nothing when the table has no such columns.
  std::optional<std::vector<std::string>> types(const std::vector<std::string>& columns, const CheckConfig& config) {
    const std::string sql = fmt::format("select {} from {}", sql::identifiers(columns), quoted(table_));
    return unless_broken([&] {
      std::vector<std::string> types;
      for (const Column& column : session_.describe(in_place(sql, config))) types.push_back(column.type);
      return types;
    });
  }

  template <typename Work>
  auto unless_broken(Work&& work) -> std::optional<decltype(work())> {
    try {
      return work();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::Internal) throw;
      return std::nullopt;
    }
  }

 private:
  Session& session_;
  Shadow& shadow_;
  const TableName& table_;
  const Resolve& resolve_;
  const Parameters& parameters_;
};

// A check that takes part in a scan, and where in its answer its values begin.
struct Sharer {
  std::size_t check = 0;
  std::size_t begin = 0;
};
struct KeySharer : Sharer {
  DenseKey key;
};

class SharedAudit {
 public:
  SharedAudit(Auditor& auditor, std::span<const CheckConfig* const> configs) : auditor_(auditor), configs_(configs) {
    for (const CheckConfig* config : configs) {
      results_.push_back(auditor.begin(*config));
      checks_.push_back(make_check(*config));
    }
  }

  std::vector<CheckResult> run() {
    scan_together();
    for (std::size_t i = 0; i < checks_.size(); ++i)
      if (checks_[i]) auditor_.run(*checks_[i], *configs_[i], results_[i]);
    return std::move(results_);
  }

 private:
  // One scan for all that an aggregate decides; it also says between which values the keys of whole numbers lie.
  void scan_together() {
    std::vector<std::string> aggregates;
    std::vector<Sharer> sharers;
    std::vector<KeySharer> keys;
    for (std::size_t i = 0; i < checks_.size(); ++i) {
      if (const auto* scanned = dynamic_cast<const ScannedCheck*>(checks_[i].get())) {
        sharers.push_back({i, aggregates.size()});
        aggregates.push_back(scanned->failing_count());
      } else if (const auto* unique = dynamic_cast<const KeyCheck*>(checks_[i].get())) {
        const auto types = auditor_.types(unique->key(), *configs_[i]);
        if (!types) continue;
        auto key = DenseKey::of(*unique, *types);
        if (!key) continue;
        keys.push_back({{i, aggregates.size()}, std::move(*key)});
        std::ranges::copy(keys.back().key.extent(), std::back_inserter(aggregates));
      }
    }
    if (aggregates.size() < 2) return;
    const auto values = auditor_.scan(aggregates, *configs_.front());
    if (!values) return;
    for (const Sharer& sharer : sharers) finish(sharer.check, count((*values)[sharer.begin]));
    std::erase_if(keys, [&](KeySharer& sharer) { return !sharer.key.fits(std::span(*values).subspan(sharer.begin)); });
    compare_keys(keys);
  }

  // As many different keys as rows: no two are the same. Where they are fewer, the check itself finds which.
  void compare_keys(const std::vector<KeySharer>& keys) {
    std::vector<std::string> aggregates;
    for (const KeySharer& sharer : keys) aggregates.push_back(sharer.key.distinct());
    if (aggregates.empty()) return;
    const auto values = auditor_.scan(aggregates, *configs_.front());
    if (!values) return;
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (count((*values)[i]) == keys[i].key.rows()) finish(keys[i].check, 0);
  }

  void finish(std::size_t i, std::int64_t failing) {
    results_[i].failing = failing;
    if (failing > 0) auditor_.show(*checks_[i], *configs_[i], results_[i]);
    checks_[i].reset();
  }

  static std::int64_t count(const std::optional<std::string>& value) { return value ? std::stoll(*value) : 0; }

  Auditor& auditor_;
  std::span<const CheckConfig* const> configs_;
  std::vector<CheckResult> results_;
  std::vector<std::unique_ptr<Check>> checks_;  // by config; nothing where there is a result
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
  return SharedAudit(auditor, configs).run();
}

}  // namespace lochan
