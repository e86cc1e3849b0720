// How the simulated API is, and what goes wrong with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lochan {

struct ApiConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one
  std::uint64_t seed = 1;
  std::int64_t users = 1'000;
  std::int64_t orders = 10'000;
  std::chrono::seconds order_interval{1};  // between two of these
  std::int64_t page_size = 100;       // where a request names none
  std::int64_t max_page_size = 1'000;
  std::string pagination = "page";    // of /users and /orders: list, link, next, cursor, offset, page, keyset
  std::string auth = "none";          // none, bearer, basic, key, key_query, oauth2
  std::string user = "volt";
  std::string secret = "secret-volt";  // token, password, key or client's secret
  std::int64_t token_calls = 0;       // oauth2 and bearer: a token is good for so many calls; 0: for ever
  // Every so manieth request; 0: never.
  std::int64_t every_429 = 0;
  std::int64_t every_500 = 0;
  std::int64_t every_cut = 0;      // the connection is closed in the middle of the body
  std::int64_t every_broken = 0;   // status 200, the JSON ends in the middle
  std::int64_t every_html = 0;     // status 200, a page of HTML
  std::chrono::seconds retry_after{1};
  bool retry_date = false;         // Retry-After as a date
  std::chrono::milliseconds delay{0};
  std::int64_t rate = 0;           // calls in each `rate_per`; what is more is answered 429
  std::chrono::milliseconds rate_per{1'000};
  std::chrono::milliseconds tick_interval{5'000};  // 0: time stands still but for POST /_tick
};

}  // namespace lochan
