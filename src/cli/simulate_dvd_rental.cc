#include "cli/simulate_dvd_rental.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/error.h"
#include "base/postgres_connection.h"
#include "cli/connection_session.h"
#include "cli/interrupt.h"
#include "simulate/dvd_rental.h"

namespace lochan {
namespace {

constexpr std::uint64_t kSeed = 1;

const Connection& the_only_server(const Project& project) {
  std::vector<std::string> names;
  for (const auto& [name, connection] : project.connections)
    if (connection.kind == "postgres") names.push_back(name);
  if (names.size() == 1) return project.connections.at(names[0]);
  throw Error(ErrorKind::Usage, names.empty()
                                    ? "the project has no PostgreSQL connection that the DVD rental can live in"
                                    : fmt::format("the DVD rental can live in {} PostgreSQL connections: {}",
                                                  names.size(), fmt::join(names, ", ")))
      .hint(names.empty() ? "add one to lochan.yaml, or give `--to postgresql://user@host/database`"
                          : "name one: `--connection NAME`");
}

}  // namespace

void SimulateDvdRental::add(Options& options) {
  Options command = options.command(
      "dvd_rental", "the sample of fifteen tables in PostgreSQL: films, customers, rentals, payments", is_chosen_);
  command.text("--connection", connection_, "NAME", "in this connection; by default the project's only PostgreSQL one");
  command.text("--to", to_, "URL", "in this database, without a project: postgresql://user@host/database");
  command.number("--seed", seed_, "N", "the same seed gives the same rows");
  command.text("--mix-day", mix_day_, "DATE",
               "add this day's returns, payments, customers and rentals: 2026-04-03, or `next`");
}

SimulateDvdRental::Place SimulateDvdRental::place(Context& context) const {
  if (!to_.empty()) {
    if (!connection_.empty())
      throw Error(ErrorKind::Usage, "`--to` and `--connection` name two places").hint("give one of them");
    context.secrets.add(to_);
    if (!to_.starts_with("postgresql://") && !to_.starts_with("postgres://"))
      throw Error(ErrorKind::Usage,
                  "the DVD rental lives at `postgresql://user@host/database`, and this is something else")
          .hint("a connection of the project is named by `--connection NAME`");
    return {"dvd_rental", to_};
  }
  const Project project = open_project(context);
  const Connection& connection = connection_.empty() ? the_only_server(project) : find_connection(project, connection_);
  if (connection.kind != "postgres")
    throw Error(ErrorKind::Usage, fmt::format("the DVD rental can't live in `{}`, a connection of the kind `{}`",
                                              connection.name, connection.kind))
        .at(connection.position)
        .hint("its types, views and functions are PostgreSQL's: give it `postgresql://user@host/database`");
  return {connection.name, connection.location};
}

int SimulateDvdRental::run(Context& context, Log& log, std::stop_token stop) const {
  const std::optional<DvdDay> day = mix_day_.empty() ? std::nullopt : std::optional(parse_dvd_day(mix_day_));
  const Place found = place(context);
  PostgresConnection connection(found.url, found.name);
  connection.stop_when([stop] { return stop.stop_requested(); });
  try {
    simulate_dvd_rental(connection, seed_ ? static_cast<std::uint64_t>(*seed_) : kSeed, day, log);
  } catch (const Error&) {
    if (!stop.stop_requested()) throw;
    log.write(LogLevel::Warn, "interrupted: nothing was written");
    return kExitInterrupted;
  }
  return kExitDone;
}

}  // namespace lochan
