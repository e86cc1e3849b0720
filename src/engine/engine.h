// DuckDB in process: one engine for a run, one session for a worker, each session bound to one ref of the lake.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rows.h"
#include "engine/session.h"

namespace lochan {

struct EngineOptions {
  std::string memory_limit{};          // "2GB"; "" : half of what the machine has
  int threads = 0;                     // 0: as many as cores
  std::filesystem::path spill{};       // folder for what doesn't fit; "" : in the system's temporary folder
  std::filesystem::path certificates{};  // authorities to trust on the way to S3, in PEM; "": the machine's
  std::filesystem::path extensions{};  // folder with *.duckdb_extension; "" : extensions/ beside the executable
  std::vector<std::string> readers{};  // extensions that sessions with a lake may want besides the lake's own
};

/// Where a session's lake is: a catalog's address, the ref, and the token made for it.
struct LakeBinding {
  std::string uri;
  std::string ref;
  std::string token;
};

/// May be shared between threads. Opened lazily: making one costs nothing, the first session with a lake ~0.25 s.
class Engine {
 public:
  explicit Engine(EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// A session bound to a ref of the lake; `at-N` is read-only. `setup` is run first (macros): what it creates is this
  /// session's own.
  std::unique_ptr<Session> open_session(const LakeBinding& lake, std::string_view setup = "");
  /// A session with no lake: plain SQL over files and databases.
  std::unique_ptr<Session> open_session();

  /// Whether a fatal error made the instance unusable. `reopen` makes a new one for later sessions; those that run
  /// fail.
  bool is_invalidated() const;
  void reopen();
  bool is_open() const;
  /// How many threads an instance is opened with from now on; one that is open keeps what it has.
  void open_with_threads(int threads);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lochan
