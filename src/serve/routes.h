// What `lochan serve` answers beside the catalog's protocol: a table of method, path, who may ask, and what answers.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "serve/health.h"
#include "serve/metrics.h"
#include "serve/served_project.h"

namespace lochan {

/// What routes are answered from, beside the project.
struct RouteParts {
  const Health& health;
  const Clock& clock;
  const Secrets& secrets;
  Metrics& metrics;
  std::function<void()> wake;  // the loop looks at what there is to do
};

struct RouteCall {
  const HttpRequest& request;
  ServedProject& served;
  const RouteParts& parts;
  std::map<std::string, std::string, std::less<>> names;  // of the path, decoded: `{run}`
  std::map<std::string, std::string, std::less<>> query;
};

/// Whether the client must bear the token.
enum class Asks { Anyone, SignedIn };

struct Route {
  std::string_view method;
  std::string_view path;  // "/api/runs/{run}"
  Asks asks = Asks::SignedIn;
  HttpResponse (*answer)(const RouteCall&);
};

std::span<const Route> routes();

// Each in the file of its name; what one throws becomes an error in the catalog's shape.
HttpResponse answer_health(const RouteCall& call);
HttpResponse answer_ready(const RouteCall& call);
HttpResponse answer_metrics(const RouteCall& call);
HttpResponse list_runs(const RouteCall& call);
HttpResponse show_run(const RouteCall& call);
HttpResponse cancel_run(const RouteCall& call);
HttpResponse list_schedules(const RouteCall& call);
HttpResponse pause_schedule(const RouteCall& call);
HttpResponse resume_schedule(const RouteCall& call);
HttpResponse release_schedule(const RouteCall& call);
HttpResponse trigger_schedule(const RouteCall& call);

/// Any request: the catalog's, `/v1/oauth/tokens`, and those of the table. Never throws.
HttpResponse answer_request(const HttpRequest& request, ServedProject& served, const RouteParts& parts);

}  // namespace lochan
