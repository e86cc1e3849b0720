// A session: one connection to the engine, bound to one ref of the lake or to none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "engine/outside_table.h"
#include "engine/rows.h"
#include "project/column.h"

namespace lochan {

class RowChunk;  // engine/row_chunk.h

/// One connection. Not to be shared, but `interrupt` and `is_interrupted` may be called from any thread.
class Session {
 public:
  /// Rolls back what is open and lets go of the lake.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// The name that the bound ref is attached by: `lake_3`; "" when the session has none.
  const std::string& lake() const;

  /// Runs one or more statements; returns the rows changed by the last (CREATE TABLE AS and INSERT: rows written).
  /// Parameters go to every statement that names them. Errors are translated: Data, Unavailable, Conflict,
  /// CommitUnknown, NotFound; an interrupt is Unavailable with the message "interrupted".
  std::int64_t execute(std::string_view sql, const Parameters& parameters = {});
  Rows query(std::string_view sql, const Parameters& parameters = {});
  /// Hands over the rows of one SELECT, some at a time, in this thread, as the engine makes them: no answer is too large.
  /// What `take` throws ends the query. `take` must not use the session.
  void stream(std::string_view sql, const std::function<void(const RowChunk&)>& take);

  /// Columns of a SELECT, without running it.
  std::vector<Column> describe(std::string_view sql, const Parameters& parameters = {});

  /// Loads one of the engine's extensions (`sqlite_scanner`), if no session has yet.
  void load_extension(std::string_view name);

  /// Makes a table readable to this session's statements, and returns what to write in their FROM. It is forgotten with
  /// the session, or by `remove_table` with what this returned.
  std::string add_table(std::shared_ptr<OutsideTable> table);
  void remove_table(const std::string& name) noexcept;

  /// Runs `work` between BEGIN and COMMIT; rolls back when it throws, or when a statement of it failed although it
  /// caught the error.
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

  /// Ends the statement that runs, and refuses every later one of this session.
  void interrupt() noexcept;
  bool is_interrupted() const noexcept;

 private:
  friend class Engine;
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  void begin();
  void commit();
  void rollback() noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lochan
