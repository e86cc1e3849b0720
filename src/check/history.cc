#include "check/history.h"

#include <fmt/format.h>

#include "base/sql.h"
#include "check/kinds.h"

namespace lochan {
namespace {

constexpr const char* kGapless = "gapless";

// What is wrong with a row alone; null of a sound one.
constexpr std::string_view kRowFault =
    "case when valid_from is null then 'no valid_from' when valid_to <= valid_from then 'ends before it begins' "
    "when is_current is distinct from (valid_to is null) then 'is_current is not what valid_to says' end";

class HistoryCheck final : public Check {
 public:
  explicit HistoryCheck(const CheckConfig& config) : is_gapless_(!config.values.empty()) {
    for (const LocatedText& column : config.columns) key_.push_back(*column);
  }

  std::string select_failing(const TableName& table) const override { return failing_versions(quoted(table)); }

  // The versions of a key in order, each beside the one that follows.
  std::string failing_versions(const std::string& table) const {
    const std::string fault = fmt::format(
        "case when lochan_next is null then {} when valid_to is null then 'open beside a later version' when valid_to "
        "> lochan_next "
        "then 'overlaps the next version'{} end",
        is_gapless_ ? "case when valid_to is not null then 'no open row' end" : "null",
        is_gapless_ ? " when valid_to < lochan_next then 'a gap before the next version'" : "");
    return fmt::format(
        "select {0}, valid_from, valid_to, is_current, problem from (select {0}, valid_from, valid_to, is_current, "
        "coalesce({1}, {2}) "
        "as problem from (select {0}, valid_from, valid_to, is_current, lead(valid_from) over (partition by {0} order "
        "by valid_from, "
        "valid_to nulls last) as lochan_next from {3} as versions) as beside) as judged where problem is not null",
        sql::identifiers(key_), kRowFault, fault, table);
  }

  std::string failing_rows(const std::string& table) const {
    return fmt::format(
        "select {0}, valid_from, valid_to, is_current, {1} as problem from {2} where valid_from is null or valid_to <= "
        "valid_from or is_current is distinct from (valid_to is null)",
        sql::identifiers(key_), kRowFault, table);
  }

  std::string failing_of(const std::string& table, const std::string& touched) const {
    std::string same;
    for (const std::string& column : key_)
      same += fmt::format("{0}t.{1} = k.{1}", same.empty() ? "" : " and ", sql::identifier(column));
    return failing_versions(fmt::format("(select t.* from {} t semi join {} k on {})", table, touched, same)) +
           " union " + failing_rows(table);
  }

 private:
  std::vector<std::string> key_;
  bool is_gapless_;
};

}  // namespace

std::unique_ptr<Check> make_history_check(const CheckConfig& config) { return std::make_unique<HistoryCheck>(config); }

CheckConfig history_check(const Model& model, bool is_gapless) {
  CheckConfig config;
  config.kind = config.name = kHistoryCheck;
  config.columns = model.key;
  if (is_gapless) config.values = {kGapless};
  config.position = {model.file, 1, 1};
  return config;
}

CheckResult audit_history(Session& session, const CheckConfig& config, const TableName& name, const std::string& table,
                          const std::string& touched) {
  const HistoryCheck check(config);
  const std::string failing = touched.empty() ? check.failing_versions(table) : check.failing_of(table, touched);
  CheckResult result;
  result.name = config.name;
  result.table = name;
  result.severity = config.severity;
  result.position = config.position;
  result.failing = session.query(fmt::format("select count(*) from ({})", failing)).integer();
  if (result.failing > 0)
    result.sample = session.query(fmt::format("select * from ({}) order by all limit {}", failing, kSampleRows));
  return result;
}

}  // namespace lochan
