// The simulated API of the system volt: users and orders, by any pagination and sign-in, with the faults it is told to have.
// It counts what it was asked: GET /_counts.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/http_server.h"
#include "base/log.h"
#include "simulate/api_config.h"
#include "simulate/api_data.h"

namespace lochan {

/// May be asked from many threads.
class ApiSimulation {
 public:
  explicit ApiSimulation(ApiConfig config);

  HttpResponse answer(const HttpRequest& request);
  void tick();
  /// What it was asked so far, as GET /_counts tells it.
  nlohmann::json counts() const;

 private:
  struct Asked {
    std::int64_t calls = 0;
    std::int64_t good = 0;  // answered with data
    std::chrono::steady_clock::time_point not_before{};
  };

  HttpResponse answer_own(const HttpRequest& request);
  HttpResponse give_token(const HttpRequest& request);
  std::optional<HttpResponse> refuse(const HttpRequest& request);
  std::optional<HttpResponse> fail(Asked& asked);
  HttpResponse hold_back(Asked& asked);
  HttpResponse data(const HttpRequest& request);
  HttpResponse page(const HttpRequest& request, const std::string& style, const std::string& kind, const std::vector<std::int64_t>& ids);

  const ApiConfig config_;
  mutable std::mutex mutex_;
  ApiData data_;                          // this and all below: guarded by mutex_
  std::map<std::string, Asked> asked_;    // by method, path, query and body
  std::map<std::string, std::int64_t> paths_, statuses_;
  std::int64_t requests_ = 0;             // for data
  std::int64_t early_ = 0;                // asked again before their own Retry-After was over
  std::int64_t while_held_ = 0;           // any, while a Retry-After was not over
  std::chrono::steady_clock::time_point held_until_{};
  std::chrono::steady_clock::time_point rate_began_{};
  std::int64_t rate_calls_ = 0;
  std::string token_;
  std::int64_t token_calls_ = 0, tokens_ = 0;
};

/// Serves until it is asked to stop. Says on `log` where, and at the end what it was asked.
void simulate_api(const ApiConfig& config, Log& log, const std::stop_token& stop);
/// Throws Error{Usage} for what can't be.
void check_api_config(const ApiConfig& config);

}  // namespace lochan
