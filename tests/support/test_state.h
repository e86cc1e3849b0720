// Where a test's state lies: in a SQLite file of its folder, or, with LOCHAN_TEST_STATE=postgresql in the environment,
// in a schema of its own on the server of tests/services, which is dropped when the test's process ends.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "base/postgres_connection.h"
#include "base/postgres_database.h"
#include "base/sqlite_database.h"
#include "project/state_config.h"
#include "tests/support/service.h"

namespace lochan {

inline bool is_state_shared() {
  const char* const state = std::getenv("LOCHAN_TEST_STATE");
  return state != nullptr && std::string_view(state) == "postgresql";
}

/// The schemas that this process made; they go with it.
class TestSchemas {
 public:
  ~TestSchemas() {
    try {
      PostgresConnection server(url_, "server");
      for (const std::string& schema : made_) server.execute("drop schema if exists " + schema + " cascade");
    } catch (const Error&) {
      // The server was stopped by its test: its data goes with it.
    }
  }
  const std::string& url() const { return url_; }
  void note(const std::string& schema) { made_.insert(schema); }

  static TestSchemas& of_process() {
    static TestSchemas schemas;
    return schemas;
  }

 private:
  std::string url_ = run_service("postgres").at("POSTGRES_URL");
  std::set<std::string> made_;
};

/// The same for the same folder.
inline StateConfig test_state(const std::filesystem::path& folder) {
  if (!is_state_shared()) return {.file = folder / ".lochan" / "state.db", .url = {}, .schema = {}};
  const std::string schema = "test_" + sha256(folder.string()).substr(0, 24);
  TestSchemas::of_process().note(schema);
  return {.file = {}, .url = TestSchemas::of_process().url(), .schema = schema};
}

inline std::unique_ptr<Database> open_test_state(const std::filesystem::path& folder) {
  const StateConfig state = test_state(folder);
  if (!state.is_shared()) return open_sqlite(state.file);
  return open_postgres(state.url, "state", {.schema = state.schema, .mends_text = true});
}

/// One in a file goes with its folder.
inline void drop_test_state(const std::filesystem::path& folder) {
  const StateConfig state = test_state(folder);
  if (state.is_shared())
    PostgresConnection(state.url, "server").execute("drop schema if exists " + state.schema + " cascade");
}

/// For a lochan.yaml of that folder: "" when it needs none.
inline std::string test_state_line(const std::filesystem::path& folder) {
  const StateConfig state = test_state(folder);
  return state.is_shared() ? "state: " + state.url + "?schema=" + state.schema + "\n" : "";
}

}  // namespace lochan
