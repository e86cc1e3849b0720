// A document as an answer.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/http_server.h"
#include "base/secret.h"
#include "run/documents.h"

namespace lochan {

/// With secrets, those in its texts are masked.
HttpResponse json_response(Document document, int status = 200, const Secrets* secrets = nullptr);

}  // namespace lochan
