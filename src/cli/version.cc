// `lochan version`: ours and the engine's.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/json_output.h"
#include "engine/engine.h"

namespace lochan {
namespace {

class VersionCommand final : public Command {
 public:
  void add_options(Options& options) override { output_.add(options); }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    Engine engine({});
    const Rows rows = engine.open_session()->query("select library_version from pragma_version()");
    const std::string duckdb = rows.rows.at(0).at(0).value_or("unknown");
    if (output_.is_json())
      print_document(context.terminal, {{"lochan", LOCHAN_VERSION}, {"duckdb", duckdb}});
    else
      context.terminal.print(fmt::format("lochan {} (DuckDB {})", LOCHAN_VERSION, duckdb));
    return kExitDone;
  }

 private:
  OutputOption output_;
};

}  // namespace

CommandKind version_command() {
  return {.name = "version",
          .group = "this program",
          .summary = "the versions of lochan and of its engine",
          .more = "",
          .examples = {{"version", "lochan 0.1.0 (DuckDB v1.5.5)"}, {"version --output json", "for a program"}},
          .make = make_command<VersionCommand>};
}

}  // namespace lochan
