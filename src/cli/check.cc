// `lochan check`: audits tables as they are, without building anything.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/reference.h"
#include "cli/run_progress.h"
#include "cli/run_report.h"
#include "cli/text_table.h"
#include "run/lake.h"
#include "run/run.h"

namespace lochan {
namespace {

class CheckCommand final : public Command {
 public:
  void add_options(Options& options) override {
    selection_.add(options);
    reference_.add(options);
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    RunProgress progress(context, lake.home(), true);
    const std::vector<CheckResult> results =
        check_tables(lake, reference_.ref(lake.catalog()), selection_.select, selection_.exclude, progress, interrupt.token());
    progress.finish();
    if (interrupt.is_requested()) return kExitInterrupted;
    const auto failed = std::ranges::count_if(
        results, [](const CheckResult& result) { return !result.passed() && result.severity == Severity::Error; });
    print(context.terminal, results);
    return failed == 0 ? kExitDone : kExitFailed;
  }

 private:
  void print(Terminal& terminal, const std::vector<CheckResult>& results) const {
    if (output_.is_json()) {
      Document list = Document::array();
      for (const CheckResult& result : results) list.push_back(to_document(result));
      return print_document(terminal, {{"checks", std::move(list)}});
    }
    if (results.empty()) return terminal.print("no checks");
    std::vector<std::vector<std::string>> lines;
    for (const CheckResult& result : results) {
      const std::string_view word = result.passed()                      ? "passed"
                                    : result.severity == Severity::Error ? "failed"
                                                                         : "warned";
      lines.push_back({std::string(word), to_string(result.table), result.name});
    }
    terminal.print(align(lines));
    print_failing_checks(terminal, results);
    const auto passed = std::ranges::count_if(results, &CheckResult::passed);
    terminal.print(
        fmt::format("{} of {} passed", passed, text::plural(static_cast<std::int64_t>(results.size()), "check")));
  }

  SelectOption selection_;
  ReferenceOption reference_;
  OutputOption output_;
};

}  // namespace

CommandKind check_command() {
  return {.name = "check",
          .group = "runs",
          .summary = "audit tables as they are now, without building",
          .more = "Exit code 1 when a check of severity `error` fails.",
          .examples = {{"check", "all checks, of what is published"},
                       {"check --select mart.sales_by_day", "those of one table"},
                       {"check --branch run-42", "of what a run held back"}},
          .make = make_command<CheckCommand>};
}

}  // namespace lochan
