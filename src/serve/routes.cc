#include "serve/routes.h"

#include <fmt/format.h>

#include <array>

#include "catalog/rest_endpoint.h"
#include "catalog/rest_errors.h"

namespace lochan {
namespace {

constexpr std::array kRoutes{
    Route{"GET", "/health", Asks::Anyone, answer_health},
    Route{"GET", "/ready", Asks::Anyone, answer_ready},
    Route{"GET", "/metrics", Asks::SignedIn, answer_metrics},
    Route{"GET", "/api/runs", Asks::SignedIn, list_runs},
    Route{"GET", "/api/runs/{run}", Asks::SignedIn, show_run},
    Route{"POST", "/api/runs/{run}/cancel", Asks::SignedIn, cancel_run},
    Route{"GET", "/api/schedules", Asks::SignedIn, list_schedules},
    Route{"POST", "/api/schedules/{schedule}/pause", Asks::SignedIn, pause_schedule},
    Route{"POST", "/api/schedules/{schedule}/resume", Asks::SignedIn, resume_schedule},
    Route{"POST", "/api/schedules/{schedule}/release", Asks::SignedIn, release_schedule},
    Route{"POST", "/api/schedules/{schedule}/trigger", Asks::SignedIn, trigger_schedule},
};

HttpResponse answer_route(const Route& route, const RouteCall& call) {
  if (route.asks == Asks::SignedIn)
    if (auto refused = call.served.sign_in().refusal(call.request)) return std::move(*refused);
  return route.answer(call);
}

HttpResponse answer_table(const HttpRequest& request, ServedProject& served, const RouteParts& parts) {
  bool is_known = false;
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const Route& route : routes()) {
    auto names = match_rest_path(route.path, request.path);
    if (!names) continue;
    is_known = true;
    if (route.method == method)
      return answer_route(route, {request, served, parts, std::move(*names), parse_query(request.query)});
  }
  if (is_known)
    return http_error(405, "MethodNotAllowedException", fmt::format("{} isn't for {}", request.path, request.method));
  return http_error(404, "NotFoundException", fmt::format("there is nothing at {}", request.path));
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

HttpResponse answer_request(const HttpRequest& request, ServedProject& served, const RouteParts& parts) {
  try {
    if (auto refused = served.sign_in().foreign_page(request)) return std::move(*refused);
    if (request.path == "/v1/oauth/tokens" && request.method == "POST") return served.sign_in().exchange(request);
    if (!request.path.starts_with("/v1/")) return answer_table(request, served, parts);
    if (auto refused = served.sign_in().refusal(request)) return std::move(*refused);
    return served.answer_catalog(request);
  } catch (...) {
    return rest_error(std::current_exception(), {.not_found = "NotFoundException", .conflict = "ConflictException"});
  }
}

}  // namespace lochan
