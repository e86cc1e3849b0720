// DuckDB's C handles, owned. Included by this folder's sources only: `duckdb.h` goes no higher.
#pragma once

#include <duckdb.h>

#include <string>
#include <utility>

namespace lochan {

/// A handle that its own `Destroy` frees.
template <typename Handle, auto Destroy>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Owned() {
    if (handle_) Destroy(&handle_);
  }

  Handle get() const { return handle_; }
  /// Where a C function puts a new handle; the old one is freed first.
  Handle* put() {
    if (handle_) Destroy(&handle_);
    handle_ = Handle{};
    return &handle_;
  }
  explicit operator bool() const { return handle_ != nullptr; }
  /// The caller owns the handle from now on.
  Handle release() { return std::exchange(handle_, Handle{}); }

 private:
  Handle handle_{};
};

using DuckConfig = Owned<duckdb_config, duckdb_destroy_config>;
using DuckDatabase = Owned<duckdb_database, duckdb_close>;
using DuckConnection = Owned<duckdb_connection, duckdb_disconnect>;
using DuckStatements = Owned<duckdb_extracted_statements, duckdb_destroy_extracted>;
using DuckPrepared = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using DuckValue = Owned<duckdb_value, duckdb_destroy_value>;
using DuckType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;
using DuckChunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;

/// A result, or the error in its place.
class DuckResult {
 public:
  DuckResult() = default;
  DuckResult(DuckResult&& other) noexcept : result_(std::exchange(other.result_, duckdb_result{})) {}
  DuckResult& operator=(DuckResult&& other) noexcept {
    std::swap(result_, other.result_);
    return *this;
  }
  ~DuckResult() { duckdb_destroy_result(&result_); }

  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_{};
};

/// Takes a text that DuckDB allocated and frees it. Null is "".
inline std::string take_text(const char* text) {
  std::string taken = text == nullptr ? "" : text;
  duckdb_free(const_cast<char*>(text));
  return taken;
}

}  // namespace lochan
