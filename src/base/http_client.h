// HTTP as a client, over libcurl: one call, its answer.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/curl_handle.h"

namespace lochan {

struct HttpCall {
  std::string method = "GET";
  std::string url;  // http:// or https://; may hold secrets, so that no error shows more of it than its host
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case; of a name sent twice, "a, b"
  std::string body;

  bool succeeded() const { return status >= 200 && status < 300; }
  /// "" when absent.
  std::string_view header(std::string_view lower_case_name) const;
};

struct HttpClientOptions {
  TransferLimits limits{};
  std::size_t max_body_bytes = 64u << 20;  // of an answer; a longer one is an error
  int redirects = 0;                       // followed at most
  /// Asked about once a second and more often: true ends the call with Error{Unavailable}.
  std::function<bool()> is_stopped{};
};

/// Why a call had no answer, where a caller does different things about it.
enum class HttpFailure { None, Trust, Time, Cut, Other };

/// Keeps connections open from call to call. Used by one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});

  /// Any status is an answer. Throws Error{Unavailable} when there is none: no connection, no trust, no time left;
  /// Error{Usage} for a URL or a header that can't be sent.
  HttpReply send(const HttpCall& call);
  /// Of the last call that threw.
  HttpFailure failure() const { return failure_; }

 private:
  HttpClientOptions options_;
  CurlHandle handle_;
  HttpFailure failure_ = HttpFailure::None;
};

/// The host of a URL, with the port where it has one: what may be shown. "" when there is none.
std::string host_of_url(std::string_view url);

}  // namespace lochan
