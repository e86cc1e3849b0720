// What DuckDB says went wrong, taken apart, and the Error it becomes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lochan {

/// One error of DuckDB, as its JSON (setting `errors_as_json`) gives it.
struct Fault {
  std::string type{};                     // "Binder", "HTTP", "INTERNAL", …: DuckDB's words
  std::string message{};                  // without its prefix, stack traces and query lines
  std::string subtype{};                  // "COLUMN_NOT_FOUND", …; "" when there is none
  std::string name{};                     // what was not found
  std::vector<std::string> candidates{};  // what DuckDB would have found instead
  std::optional<std::size_t> position{};  // byte offset in the statements that were given
  int status = 0;                         // of the HTTP reply that caused it
};

/// `text` is an error message of DuckDB, JSON or plain.
Fault parse_fault(std::string_view text);

/// Whether the instance can't be used after this.
bool is_fatal(const Fault& fault);

/// The kind that a caller acts on, DuckDB's message in our style, and what to do next.
/// `in_commit`: it came out of COMMIT, so a lost reply means that it may have been written.
Error to_error(const Fault& fault, bool in_commit = false);

}  // namespace lochan
