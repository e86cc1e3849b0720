#include "run/open_state.h"

#include "base/postgres_connection.h"
#include "base/postgres_database.h"
#include "base/sqlite_database.h"

namespace lochan {
namespace {

constexpr char kName[] = "state";  // what messages call it

// A server that is started again, or a standby that takes over: runs wait for it.
constexpr std::chrono::seconds kPatience{30};
// Between two statements of one transaction there is nothing but our own work.
constexpr std::chrono::seconds kLongestPause{10};

}  // namespace

std::unique_ptr<Database> open_state(const StateConfig& state) {
  if (!state.is_shared()) return open_sqlite(state.file);
  return open_postgres(
      state.url, kName,
      {.schema = state.schema, .patience = kPatience, .longest_pause = kLongestPause, .mends_text = true});
}

bool has_state(const StateConfig& state) {
  if (!state.is_shared()) return std::filesystem::exists(state.file);
  PostgresConnection connection(state.url, kName);
  const std::vector<PostgresValue> table{state.schema + ".schema_version"};
  return connection.query("select to_regclass($1) is not null", table).value() == "t";
}

}  // namespace lochan
