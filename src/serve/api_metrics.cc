// `/metrics`: for Prometheus, which bears the token as every client does.
#include "serve/routes.h"

namespace lochan {

HttpResponse answer_metrics(const RouteCall& call) {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = call.parts.metrics.text(call.served.lake());
  return response;
}

}  // namespace lochan
