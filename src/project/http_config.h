// What a project says of HTTP APIs: how a connection is spoken to, and what is asked for a table.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/call_gate.h"
#include "base/kept_answers.h"
#include "project/project.h"

namespace lochan {

enum class HttpAuthKind { None, Bearer, Basic, Key, OAuth2 };

/// Who we are for an API. All of it but names may be secret.
struct HttpAuth {
  HttpAuthKind kind = HttpAuthKind::None;
  std::string token{};             // bearer
  std::string user{}, password{};  // basic; oauth2: the client's id and secret
  std::string name{};              // key: of the header or the parameter
  bool in_query = false;           // key
  std::string value{};             // key
  std::string token_url{};         // oauth2
  std::string scope{};             // oauth2
};

struct HttpRate {
  int calls = 0;  // 0: no limit
  std::chrono::milliseconds per{std::chrono::minutes{1}};
};

/// Of a connection of kind http.
struct HttpSettings {
  std::map<std::string, std::string> headers;
  HttpAuth auth;
  HttpRate rate;
  std::chrono::milliseconds timeout{60'000};
  std::chrono::milliseconds connect_timeout{10'000};
  int concurrency = 4;
  int retries = 5;
  std::chrono::milliseconds retry_delay{250};
  std::chrono::milliseconds max_wait{std::chrono::minutes{5}};
  std::filesystem::path certificates;
  std::vector<std::pair<std::string, Position>> written;  // the keys that are only for this kind
  std::shared_ptr<CallGate> gate;                         // shared: by all that speaks to this connection
  std::shared_ptr<KeptAnswers> kept;                      // shared: as the gate
};

enum class HttpPaging { None, HeaderLink, JsonLink, Cursor, Offset, PageNumber, Keyset };

struct HttpPagination {
  HttpPaging by = HttpPaging::None;
  LocatedText at{};     // json_link, cursor: where in the body the next one stands; keyset: the column
  std::string param{};  // that says which page; "": the usual name of its kind
  bool in_body = false;
  int size = 0;  // records of a page; 0: as many as the API gives
  std::string size_param{};
  int first = 1;        // page_number: the number of the first page
  LocatedText total{};  // offset, page_number: where in the body the number of all records stands
  Position position{};
};

/// Rows of a query in a database, for each of which something is asked: a column's name stands for its value.
struct HttpRows {
  LocatedText in{};  // a connection of kind postgres
  LocatedText query{};
  bool once = false;  // a row whose key the table has is asked for no more
  std::shared_ptr<const Connection>
      connection{};  // shared: a copy of the project's, which the source has no other way to
};

/// What is asked for one table.
struct HttpResource {
  LocatedText path;  // after the connection's URL; `{id}` stands for a column of the parent's record
  std::string method = "GET";
  std::map<std::string, std::string> params;
  std::map<std::string, std::string> headers;
  LocatedText body;     // JSON text
  LocatedText records;  // where in the body the records stand, such as `data.items`; "": the body itself
  HttpPagination pagination;
  std::optional<LocatedText> parent;               // a table of the same source
  std::map<std::string, std::string> from_parent;  // column here → column of the parent's record
  LocatedText each;  // a name: asked once for each of `each_values`, as for a parent's records
  std::vector<std::string> each_values;
  std::optional<HttpRows> each_row;               // in place of those
  Position for_each{};                            // where any of these is written, and was read
  std::optional<LocatedText> start;               // what `$since` is at first
  std::shared_ptr<const HttpResource> of_parent;  // what is asked for the parent's records
  LoadMode of_parent_load = LoadMode::Full;
  Position position;
};

/// The word of the file: `header_link`, `keyset`.
std::string_view to_string(HttpPaging paging);

/// Settings of a connection of kind http; those by default when it says nothing of its own.
const HttpSettings& http_settings(const Connection& connection);
/// All that changes what is asked: for fingerprints, and for what may be resumed. Without secrets.
std::string http_fingerprint(const HttpResource& resource);
/// Whether it is asked once for each record of a parent, for each of its own values, or for each row of a query.
inline bool is_asked_for_each(const HttpResource& resource) {
  return resource.parent || !resource.each->empty() || resource.each_row;
}
/// The names in braces of the path, the parameters and the body's texts: `id` of `users/{id}/orders`.
std::vector<std::string> names_in_braces(const HttpResource& resource);
/// Whether `$since` stands in any of its values.
bool names_since(const HttpResource& resource);

}  // namespace lochan
