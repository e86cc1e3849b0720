// The endpoints of the Iceberg REST protocol that are served, and those that are refused. One table answers both
// requests and `GET /v1/config`, so what is announced is what there is.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/http_server.h"
#include "catalog/rest_errors.h"
#include "catalog/table_access.h"

namespace lochan {

/// One request, with its token looked up and its path read.
struct RestCall {
  const HttpRequest& request;
  TableAccess& access;
  std::map<std::string, std::string, std::less<>> query;
  std::map<std::string, std::string, std::less<>>
      names;  // of the path: `prefix`, `namespace`, `table`, `view`; decoded
};

struct RestEndpoint {
  std::string_view method;
  std::string_view path;  // as the spec writes it: "/v1/{prefix}/namespaces/{namespace}"
  HttpResponse (*answer)(const RestCall&);
  RestErrorTypes errors;
};

std::span<const RestEndpoint> rest_endpoints();
/// Operations of the spec that this catalog has no use for: 406.
std::span<const RestEndpoint> refused_rest_endpoints();

/// The names in a raw path, decoded, if it has the pattern's form. Throws Error{Usage} for a broken escape.
std::optional<std::map<std::string, std::string, std::less<>>> match_rest_path(std::string_view pattern,
                                                                               std::string_view raw_path);

/// [A-Za-z0-9_-]+: no other name can exist here.
bool is_plain_name(std::string_view name);

}  // namespace lochan
