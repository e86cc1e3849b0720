// From an HTTP request to its answer: who asks, for which ref, and which endpoint answers.
#pragma once

#include <functional>
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

  /// What a client that another door let in may do with a ref. Throws Error when it is nothing.
  using ScopeOf = std::function<TokenScope(const Ref&)>;
  /// The same for such a client, which may ask for more than one ref.
  HttpResponse answer(const HttpRequest& request, const ScopeOf& scope_of) const;

 private:
  Catalog& catalog_;
  Log& log_;
  std::string endpoints_;  // the list of `GET /v1/config`, as JSON
};

}  // namespace lochan
