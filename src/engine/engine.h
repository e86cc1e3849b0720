// DuckDB in process: one engine for a run, one session for a worker, each session bound to one ref of the lake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "project/column.h"

namespace lochan {

struct EngineOptions {
  std::string memory_limit;                 // "2GB"; "" : half of what the machine has
  int threads = 0;                          // 0: as many as cores
  std::filesystem::path spill;              // folder for what doesn't fit
  std::filesystem::path extensions;         // folder with *.duckdb_extension; "" : beside the binary
};

/// A small answer, as text: what the platform itself asks (counts, cursors, samples). Null is nullopt.
class Rows {
 public:
  std::vector<Column> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;

  bool empty() const { return rows.empty(); }
  /// The only value of the only row; 0 when it is null.
  std::int64_t integer(std::size_t row = 0, std::size_t column = 0) const;
};

/// Named parameters of a statement: `$since`. A value is bound as text and cast by its type, or as null.
struct Parameter {
  std::string type;                   // "TIMESTAMPTZ", "VARCHAR", …
  std::optional<std::string> value;
};
using Parameters = std::map<std::string, Parameter>;

class Engine;

/// One connection. Not to be shared, but `interrupt` may be called from any thread.
class Session {
 public:
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The name that the bound ref is attached by: `lake_3`; "" when the session has none.
  const std::string& lake() const;

  /// Runs one or more statements; returns the rows changed by the last (CREATE TABLE AS and INSERT: rows written).
  /// Parameters go to every statement that names them. Errors are translated: Data, Unavailable, Conflict,
  /// CommitUnknown, Internal; an interrupt is Unavailable with the message "interrupted".
  std::int64_t execute(std::string_view sql, const Parameters& parameters = {});
  Rows query(std::string_view sql, const Parameters& parameters = {});

  /// Columns of a SELECT, without running it.
  std::vector<Column> describe(std::string_view sql, const Parameters& parameters = {});

  /// Runs `work` between BEGIN and COMMIT; rolls back when it throws.
  template <typename Work>
  auto transaction(Work&& work) {
    struct Guard {
      Session* session;
      bool done = false;
      ~Guard() {
        if (!done) session->rollback();
      }
    } guard{this};
    begin();
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      commit();
      guard.done = true;
    } else {
      auto result = work();
      commit();
      guard.done = true;
      return result;
    }
  }

  void interrupt() noexcept;

 private:
  friend class Engine;
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  void begin();
  void commit();
  void rollback() noexcept;
  std::unique_ptr<Impl> impl_;
};

/// Where a session's lake is: a catalog's address, the ref, and the token made for it.
struct LakeBinding {
  std::string uri;
  std::string ref;
  std::string token;
};

/// May be shared between threads. Opened lazily: making one costs nothing, the first session costs ~0.25 s.
class Engine {
 public:
  explicit Engine(EngineOptions options);
  ~Engine();

  /// A session bound to a ref of the lake. `setup` is run first (macros).
  std::unique_ptr<Session> open_session(const LakeBinding& lake, std::string_view setup = "");
  /// A session with no lake: plain SQL over files and databases.
  std::unique_ptr<Session> open_session();

  /// Whether a fatal error made the instance unusable. `reopen` makes a new one for later sessions; those that run fail.
  bool is_invalidated() const;
  void reopen();
  bool is_open() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lochan
