// Errors as Iceberg clients read them: the status says whether something was written, the type is the name of a Java
// exception that they switch on.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/http_server.h"

namespace lochan {

/// The names for what a route works on, where one status has several.
struct RestErrorTypes {
  std::string_view not_found = "NoSuchTableException";
  std::string_view conflict = "CommitFailedException";
  std::string_view unknown = "InternalServerError";
};

/// A request that doesn't say what a client must say: 400.
Error bad_request(std::string message);

/// 401, for a request without a token that is in force.
HttpResponse not_authorized(std::string_view message);

/// The answer to `error`. A 409 or 503 means that surely nothing was written, a 500 that nobody knows.
HttpResponse rest_error(std::exception_ptr error, const RestErrorTypes& types);

}  // namespace lochan
