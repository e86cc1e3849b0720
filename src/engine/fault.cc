#include "engine/fault.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/json.h"
#include "base/text.h"

namespace lochan {
namespace {

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int number_at(std::string_view text, std::size_t offset) {
  int number = 0;
  while (offset < text.size() && std::isdigit(static_cast<unsigned char>(text[offset])) != 0 && number < 1000)
    number = number * 10 + (text[offset++] - '0');
  return number;
}

// The Iceberg extension writes the status of a reply into its message in three ways: `(Conflict_409)`, `(HTTP 409)`
// and `HTTP 409 - `.
int status_in(std::string_view message) {
  if (const std::size_t at = message.find("status code ("); at != std::string_view::npos) {
    const std::size_t under = message.find('_', at);
    if (under != std::string_view::npos) return number_at(message, under + 1);
  }
  for (std::size_t at = message.find("HTTP "); at != std::string_view::npos; at = message.find("HTTP ", at + 5)) {
    if (const int status = number_at(message, at + 5); status >= 100) return status;
  }
  return 0;
}

// A catalog's own words, from `message: … type:` or from the JSON body that the extension repeats.
std::string catalog_message(const std::string& message) {
  if (const std::size_t body = message.find("body: {"); body != std::string::npos) {
    const Json parsed = Json::parse(message.substr(body + 6), nullptr, false);
    if (parsed.is_object() && parsed.contains("error") && parsed["error"].is_object())
      return text_of(parsed["error"], "message");
  }
  const std::size_t start = message.find("\n message: ");
  const std::size_t end = message.find("\n type: ");
  if (start == std::string::npos || end == std::string::npos || end < start) return "";
  return message.substr(start + 11, end - start - 11);
}

// What stands between the two in the message, without quotes; "" when they don't stand there.
std::string between(std::string_view message, std::string_view before, std::string_view after) {
  const std::size_t start = message.find(before);
  if (start == std::string_view::npos) return "";
  const std::string_view rest = message.substr(start + before.size());
  std::string name(text::trim(rest.substr(0, rest.find(after))));
  std::erase(name, '"');
  return rest.find(after) == std::string_view::npos ? "" : name;
}

// What stands between quotes in a list: `"id", "name"`.
std::vector<std::string> quoted_names(std::string_view list) {
  std::vector<std::string> names;
  for (std::size_t at = list.find('"'); at != std::string_view::npos; at = list.find('"', at + 1)) {
    const std::size_t end = list.find('"', at + 1);
    if (end == std::string_view::npos) break;
    names.emplace_back(list.substr(at + 1, end - at - 1));
    at = end;
  }
  return names;
}

// "Did you mean" and "Candidate bindings" stand in lines of their own after the message.
void take_candidates(Fault& fault) {
  for (const std::string_view start : {"\nDid you mean ", "\nCandidate ", "\n\nCandidate "}) {
    const std::size_t at = fault.message.find(start);
    if (at == std::string::npos) continue;
    if (fault.candidates.empty()) fault.candidates = quoted_names(std::string_view(fault.message).substr(at));
    fault.message.resize(at);
    const std::vector<std::string> names = quoted_names(fault.message);
    if (fault.name.empty() && !names.empty()) fault.name = names.back();
    if (fault.name.empty()) fault.name = between(fault.message, " with name ", " does not exist");
  }
}

// `"x"` becomes `x` between backticks, the first letter small unless the word is an abbreviation, no stop at the end.
std::string in_our_style(std::string_view message) {
  std::string styled(text::trim(message));
  while (!styled.empty() && (styled.back() == '.' || styled.back() == '!')) styled.pop_back();
  std::ranges::replace(styled, '"', '`');
  const auto is_upper = [&](std::size_t at) {
    return at < styled.size() && std::isupper(static_cast<unsigned char>(styled[at])) != 0;
  };
  if (is_upper(0) && !is_upper(1)) styled[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(styled[0])));
  return styled;
}

void read_json(const Json& json, Fault& fault) {
  fault.type = text_of(json, "exception_type");
  fault.message = text_of(json, "exception_message");
  fault.subtype = text_of(json, "error_subtype");
  fault.name = text_of(json, "name");
  if (const std::string list = text_of(json, "candidates"); !list.empty()) {
    for (const std::string_view name : text::split(list, ',')) fault.candidates.emplace_back(text::trim(name));
  }
  if (const std::string position = text_of(json, "position"); !position.empty()) fault.position = std::stoull(position);
  fault.status = number_at(text_of(json, "status_code"), 0);
}

// The types that come from DuckDB's prefix, when the error isn't JSON: "Binder Error: …".
void read_plain(std::string_view text, Fault& fault) {
  constexpr std::string_view kError = " Error: ";
  const std::size_t at = text.find(kError);
  if (at == std::string_view::npos || at > 30) {
    fault.message = text;
    return;
  }
  fault.type = text.substr(0, at);
  fault.message = text.substr(at + kError.size());
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_any(const std::string& type, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type) != types.end();
}

ErrorKind kind_of_status(int status, bool in_commit) {
  if (status == 409) return ErrorKind::Conflict;
  if (status == 404) return ErrorKind::NotFound;
  if (status == 408 || status == 429 || status == 503) return ErrorKind::Unavailable;  // refused before work
  if (status >= 500) return in_commit ? ErrorKind::CommitUnknown : ErrorKind::Unavailable;
  return ErrorKind::Data;
}

ErrorKind kind_of(const Fault& fault, bool in_commit) {
  const bool committing = in_commit || contains(fault.message, "Failed to commit");
  if (is_fatal(fault)) return ErrorKind::Unavailable;
  if (fault.status >= 400) return kind_of_status(fault.status, committing);
  if (is_any(fault.type, {"IO", "HTTP", "Connection"})) {
    const bool lost_reply = committing && contains(fault.message, "request to endpoint");
    return lost_reply ? ErrorKind::CommitUnknown : ErrorKind::Unavailable;
  }
  // What a commit writes before the catalog hears of it.
  if (committing && contains(fault.message, " error for HTTP ")) return ErrorKind::CommitUnknown;
  if (is_any(fault.type, {"INTERRUPT", "Out of Memory"})) return ErrorKind::Unavailable;
  // Two sessions of one engine wrote the same rows or the same table.
  if (fault.type == "TransactionContext" && contains(fault.message, "onflict")) return ErrorKind::Conflict;
  return ErrorKind::Data;
}

// There was no room to spill into: more memory is not what was wanting.
bool is_spill_full(const Fault& fault) {
  return (fault.type == "Out of Memory" && contains(fault.message, "failed to offload")) ||
         (contains(fault.message, "No space left on device") && contains(fault.message, "duckdb_temp"));
}

// A name that is not there, in the words of a project; "" where the message says something else.
std::string missing_name(const Fault& fault) {
  const std::string_view message = fault.message;
  if (const std::string name = between(message, "Referenced column ", " not found in FROM clause"); !name.empty())
    return fmt::format("no column `{}`", name);
  if (const std::string table = between(message, "Table ", " does not have a column named \""); !table.empty())
    return fmt::format("no column `{}` in `{}`", between(message, "column named \"", "\""), table);
  if (fault.subtype == "COLUMN_NOT_FOUND" && !fault.name.empty()) return fmt::format("no column `{}`", fault.name);
  const std::string name = between(message, " with name ", " does not exist");
  if (name.empty()) return "";
  if (contains(message, "unction with name ")) return fmt::format("no function or macro `{}`", name);
  return contains(message, "Table with name ") ? fmt::format("no table `{}`", name) : "";
}

std::string hint_of(const Fault& fault) {
  if (is_spill_full(fault))
    return "free some space in `engine.spill` (.lochan/spill if it isn't set), or set it to another disk";
  if (fault.type == "Out of Memory") return "raise `engine.memory_limit`, or lower `engine.threads`";
  if (contains(fault.message, "No space left on device")) return "free some space there, then run again";
  if (fault.candidates.empty() || fault.name.empty()) return "";
  const bool is_column = fault.message.starts_with("Referenced column ");
  return text::did_you_mean(fault.name, fault.candidates,
                            is_column ? fmt::format("there are `{}`", fmt::join(fault.candidates, "`, `")) : "");
}

}  // namespace

Fault parse_fault(std::string_view text) {
  Fault fault;
  const std::size_t brace = text.find('{');
  const Json json = brace == std::string_view::npos || brace > 40
                        ? Json()
                        : Json::parse(text.begin() + static_cast<std::ptrdiff_t>(brace), text.end(), nullptr, false);
  if (json.is_object() && json.contains("exception_message")) {
    read_json(json, fault);
  } else {
    read_plain(text, fault);
  }
  // The extension writes the type once more before a message that it passes on.
  if (const std::string again = fault.type + " Error: "; fault.message.starts_with(again))
    fault.message.erase(0, again.size());
  if (fault.status == 0) fault.status = status_in(fault.message);
  if (const std::string words = catalog_message(fault.message); !words.empty()) {
    fault.message = (contains(fault.message, "Failed to commit") ? "Failed to commit: " : "") + words;
  }
  for (const std::string_view noise : {"\n\nStack Trace:", "\nThis error signals an assertion",
                                       "\nLINE 1:", "\n\nPossible solutions:", "\nThis limit was set by"}) {
    if (const std::size_t at = fault.message.find(noise); at != std::string::npos) fault.message.resize(at);
  }
  take_candidates(fault);
  return fault;
}

bool is_fatal(const Fault& fault) { return fault.type == "FATAL" || fault.type == "INTERNAL"; }

Error to_error(const Fault& fault, bool in_commit) {
  if (fault.type == "INTERRUPT") return Error(ErrorKind::Unavailable, "interrupted");
  std::string message = missing_name(fault);
  if (message.empty()) message = in_our_style(fault.message);
  if (is_fatal(fault)) message = "the engine failed: " + message;
  if (is_spill_full(fault))
    message = "the disk that the engine spills to is full: " + message;
  else if (fault.type == "Out of Memory")
    message = "the engine ran out of memory: " + message;
  return Error(kind_of(fault, in_commit), std::move(message)).hint(hint_of(fault));
}

}  // namespace lochan
