#include "catalog/rest_routes.h"

#include <fmt/format.h>

#include <optional>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog_impl.h"
#include "catalog/rest_endpoint.h"
#include "catalog/rest_errors.h"
#include "catalog/table_access.h"

namespace lochan {
namespace {

std::string bearer_token(const HttpRequest& request) {
  const std::string_view header = request.header("authorization");
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos || text::lower(header.substr(0, space)) != "bearer")
    throw Unauthorized("send `Authorization: Bearer <token>`");
  return std::string(text::trim(header.substr(space)));
}

HttpResponse wrong_ref(std::string_view asked, const Ref& ref) {
  return http_error(403, "ForbiddenException", fmt::format("this token is for `{}`, not for `{}`", ref, asked));
}

HttpResponse answer_endpoint(const RestEndpoint& endpoint, const RestCall& call) {
  try {
    return endpoint.answer(call);
  } catch (...) {
    return rest_error(std::current_exception(), endpoint.errors);
  }
}

// Nothing when no endpoint of the table has the request's path and method.
std::optional<HttpResponse> answer_from(std::span<const RestEndpoint> endpoints, const HttpRequest& request,
                                        TableAccess& access) {
  for (const RestEndpoint& endpoint : endpoints) {
    if (endpoint.method != request.method) continue;
    std::optional<std::map<std::string, std::string, std::less<>>> names = match_rest_path(endpoint.path, request.path);
    if (!names) continue;
    if (names->at("prefix") != access.ref()) return wrong_ref(names->at("prefix"), access.ref());
    return answer_endpoint(endpoint, {request, access, parse_query(request.query), std::move(*names)});
  }
  return std::nullopt;
}

std::string endpoint_list() {
  Json list = Json::array();
  for (const RestEndpoint& endpoint : rest_endpoints())
    list.push_back(fmt::format("{} {}", endpoint.method, endpoint.path));
  return list.dump();
}

}  // namespace

RestRoutes::RestRoutes(Catalog& catalog, Log& log) : catalog_(catalog), log_(log), endpoints_(endpoint_list()) {}

HttpResponse RestRoutes::answer(const HttpRequest& request) const {
  HttpResponse response;
  try {
    TableAccess access(catalog_, bearer_token(request));
    if (request.method == "GET" && request.path == "/v1/config") return answer_config(request, access.ref());
    std::optional<HttpResponse> answered = answer_from(rest_endpoints(), request, access);
    if (!answered) answered = answer_from(refused_rest_endpoints(), request, access);
    if (!answered)
      answered = http_error(404, "NotFoundException", fmt::format("no endpoint {} {}", request.method, request.path));
    response = std::move(*answered);
  } catch (...) {
    response = rest_error(std::current_exception(), {});
  }
  if (response.status >= 500)
    log_.write(LogLevel::Error,
               fmt::format("{} {}: {}: {}", request.method, request.path, response.status, response.body));
  return response;
}

// The warehouse is the ref; without one it is the token's.
HttpResponse RestRoutes::answer_config(const HttpRequest& request, const Ref& ref) const {
  const auto query = parse_query(request.query);
  const auto warehouse = query.find("warehouse");
  const std::string asked = warehouse == query.end() ? ref : warehouse->second;
  try {
    catalog_.impl().bind(asked);
  } catch (...) {
    return rest_error(std::current_exception(), {.not_found = "NoSuchWarehouseException"});
  }
  if (asked != ref) return wrong_ref(asked, ref);
  HttpResponse response;
  response.body =
      fmt::format(R"({{"defaults":{{}},"overrides":{{"prefix":{}}},"endpoints":{}}})", Json(ref).dump(), endpoints_);
  return response;
}

}  // namespace lochan
