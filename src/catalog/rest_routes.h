// From an HTTP request to its answer: who asks, for which ref, and which endpoint answers.
#pragma once

#include <string>

#include "base/http_server.h"
#include "base/log.h"
#include "catalog/catalog.h"

namespace lochan {

/// May be shared between threads. Both must outlive it.
class RestRoutes {
 public:
  RestRoutes(Catalog& catalog, Log& log);

  /// Never throws: what goes wrong is in the answer.
  HttpResponse answer(const HttpRequest& request) const;

 private:
  HttpResponse answer_config(const HttpRequest& request, const Ref& ref) const;

  Catalog& catalog_;
  Log& log_;
  std::string endpoints_;  // the list of `GET /v1/config`, as JSON
};

}  // namespace lochan
