// `/health`: the process answers. `/ready`: whether all is well, and if not, what is wrong.
#include <nlohmann/json.hpp>

#include "run/documents.h"
#include "serve/json_response.h"
#include "serve/routes.h"

namespace lochan {

HttpResponse answer_health(const RouteCall&) { return json_response({{"status", "alive"}}); }

// 503 only when nothing good is to be had: with a broken project the one before it is served. What is wrong is told to
// those who have signed in; files' names and their contents are nobody else's business.
HttpResponse answer_ready(const RouteCall& call) {
  if (call.parts.health.is_stopping()) return json_response({{"status", "stopping"}}, 503);
  std::int64_t publication = 0;
  try {
    publication = call.served.lake().catalog().current_publication();
  } catch (const Error& error) {
    Document document = {{"status", "unavailable"}};
    if (!call.served.sign_in().refusal(call.request)) document["problems"] = {to_document(error)};
    return json_response(std::move(document), 503, &call.parts.secrets);
  }
  const Document problems = call.parts.health.problems();
  Document document = {{"status", problems.empty() ? "ready" : "troubled"}};
  if (call.served.sign_in().refusal(call.request)) return json_response(std::move(document));
  document["project"] = call.served.project().name;
  document["publication"] = publication;
  document["problems"] = problems;
  return json_response(std::move(document), 200, &call.parts.secrets);
}

}  // namespace lochan
