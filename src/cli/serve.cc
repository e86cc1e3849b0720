// `lochan serve`: the lake for everyone, at one address.
#include "serve/server.h"

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/run_log.h"
#include "plan/analysis.h"
#include "serve/loop.h"

namespace lochan {
namespace {

class ServeCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.text("--address", address_, "IP", "listen here, whatever the project says");
    options.number("--port", port_, "PORT", "and on this port; 0: a free one");
    options.flag("--stop-runs", stop_runs_, "when it is stopped, end the runs that schedules began, and wait for them");
    options.choice("--log-format", log_format_, {"text", "json"}, "key=value, or a JSON object a line");
  }

  int run(Context& context) override {
    const Notify notify = Notify::from_environment();
    block_reload_signal();
    const Interrupt interrupt;
    ReadProject read = read_project_here(context);
    if (!read.problems.empty()) throw ProjectProblems(std::move(read.problems));
    EventLogOptions options;
    options.json = log_format_ == "json";
    options.verbose = context.terminal.options().verbose;
    options.file = run_logs(read.project.folder / ".lochan") / "serve.log";
    options.console = [&](std::string_view line) { context.terminal.note(line); };
    EventLog log(options, context.clock, context.secrets);
    const ServeRequest request = make_request(read.project.serve);
    serve(std::move(read), request, context.clock, context.secrets, log, notify, interrupt.token());
    return kExitDone;
  }

 private:
  ServeRequest make_request(const ServeConfig& config) const {
    constexpr std::int64_t kHighestPort = 65'535;
    const std::int64_t port = port_.value_or(config.port);
    if (port < 0 || port > kHighestPort)
      throw Error(ErrorKind::Usage, fmt::format("`--port` is {}, wanted 0 to {}", port, kHighestPort));
    ServeRequest request;
    request.address = address_.empty() ? config.address : address_;
    request.port = static_cast<std::uint16_t>(port);
    request.says_address = !address_.empty();
    request.says_port = port_.has_value();
    request.stops_runs = stop_runs_;
    request.program = std::filesystem::read_symlink("/proc/self/exe");
    return request;
  }

  std::string address_;
  std::optional<std::int64_t> port_;
  bool stop_runs_ = false;
  std::string log_format_ = "text";
};

}  // namespace

CommandKind serve_command() {
  return {.name = "serve",
          .group = "runs",
          .summary = "keep the lake fresh, and serve it to everyone",
          .more =
              "Runs are started when schedules are due, as processes of their own, and alerts are sent. At one address: "
              "the\n"
              "Iceberg REST catalog, for PyIceberg, DuckDB, Spark and others; an API of runs and schedules; /health and "
              "/ready.\n"
              "Clients bear the `token` of `serve` in lochan.yaml; without one only this machine is served.\n"
              "A changed project takes effect by itself; a broken one doesn't, and that is told. SIGHUP asks for it.\n"
              "The first Ctrl-C or SIGTERM lets requests end, the second ends at once. Runs are processes of their own: "
              "they go on.\n"
              "The log goes to the console and to .lochan/logs/serve.log.",
          .examples = {{"serve", "as lochan.yaml says: http://127.0.0.1:7420 by default"},
                       {"serve --port 0", "on a free port; .lochan/serve.json says which"},
                       {"serve --log-format json", "for a collector of logs"}},
          .make = make_command<ServeCommand>};
}

}  // namespace lochan
