#include "serve/json_response.h"

#include <nlohmann/json.hpp>

namespace lochan {
namespace {

// Before the text is quoted: a quoted secret would no longer be found in it.
void mask(Document& document, const Secrets& secrets) {
  if (document.is_string()) document = secrets.mask(document.get_ref<const std::string&>());
  if (!document.is_structured()) return;
  for (Document& child : document) mask(child, secrets);
}

}  // namespace

HttpResponse json_response(Document document, int status, const Secrets* secrets) {
  if (secrets != nullptr) mask(document, *secrets);
  HttpResponse response;
  response.status = status;
  response.body = document.dump(-1, ' ', false, Document::error_handler_t::replace) + '\n';
  return response;
}

}  // namespace lochan
