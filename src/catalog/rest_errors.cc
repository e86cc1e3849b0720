#include "catalog/rest_errors.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/json.h"
#include "catalog/table_access.h"

namespace lochan {
namespace {

// Seconds until a client asks again after 503.
constexpr const char* kRetryAfter = "1";

std::string text_of(const Error& error) {
  return error.hint().empty() ? error.message() : fmt::format("{} ({})", error.message(), error.hint());
}

HttpResponse of_kind(const Error& error, const RestErrorTypes& types) {
  const std::string text = text_of(error);
  switch (error.kind()) {
    case ErrorKind::Usage:
      return http_error(400, "BadRequestException", text);
    case ErrorKind::NotFound:
      return http_error(404, types.not_found, text);
    case ErrorKind::Conflict:
      return http_error(409, types.conflict, text);
    case ErrorKind::Unavailable: {
      HttpResponse response = http_error(503, "ServiceUnavailableException", text);
      response.headers["Retry-After"] = kRetryAfter;
      return response;
    }
    case ErrorKind::CommitUnknown:
      return http_error(500, "CommitStateUnknownException", text);
    case ErrorKind::Project:
    case ErrorKind::Data:
    case ErrorKind::Internal:
      break;
  }
  return http_error(500, types.unknown, text);
}

}  // namespace

HttpResponse not_authorized(std::string_view message) {
  HttpResponse response = http_error(401, "NotAuthorizedException", message);
  response.headers["WWW-Authenticate"] = "Bearer";
  return response;
}

Error bad_request(std::string message) { return Error(ErrorKind::Usage, std::move(message)); }

HttpResponse rest_error(std::exception_ptr error, const RestErrorTypes& types) {
  try {
    std::rethrow_exception(std::move(error));
  } catch (const Unauthorized& unauthorized) {
    return not_authorized(text_of(unauthorized));
  } catch (const Forbidden& forbidden) {
    return http_error(403, "ForbiddenException", text_of(forbidden));
  } catch (const Error& known) {
    return of_kind(known, types);
  } catch (const Json::exception& shape) {
    // A body of another shape than the spec's. Rows are written last, so it was met before anything was.
    return http_error(400, "BadRequestException",
                      fmt::format("the request's body isn't as the spec says: {}", shape.what()));
  } catch (const std::exception& other) {
    return http_error(500, types.unknown, other.what());
  } catch (...) {
    return http_error(500, types.unknown, "an unknown exception");
  }
}

}  // namespace lochan
