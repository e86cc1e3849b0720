// The Iceberg REST catalog protocol over a Catalog: the only way that engines reach the lake.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "catalog/catalog.h"

namespace lochan {

struct RestServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one
  int threads = 4;         // requests answered at once: most of their time goes into waiting for the disk
  Log* log = nullptr;      // hears of requests that failed inside; must outlive the server
};

/// Serves until destroyed. The catalog must outlive it.
class RestServer {
 public:
  /// Throws Error{Unavailable} when it can't listen.
  RestServer(Catalog& catalog, RestServerOptions options);
  ~RestServer();
  RestServer(const RestServer&) = delete;
  RestServer& operator=(const RestServer&) = delete;

  /// "http://127.0.0.1:40123"
  std::string uri() const;
  /// Requests answered so far: benchmarks count them.
  std::uint64_t request_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lochan
