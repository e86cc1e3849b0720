// Calls to one API: signed in, within its rate limit, tried again where that may help.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "base/log.h"
#include "project/http_config.h"
#include "source/landing.h"

namespace lochan {

/// What is asked, without what signs it.
struct HttpAsk {
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> headers{};
  std::string body{};
  std::string what;  // "page 3 of `orders`", for messages
};

/// What all threads that call one connection share.
class HttpApi {
 public:
  /// What an answer is for. That of a look is kept for the load that comes after it.
  enum class For { Look, Load };

  /// `connection` and `log` must outlive it.
  HttpApi(const Connection& connection, Log& log, std::function<bool()> is_stopped, For purpose = For::Load);

  const Connection& connection() const { return connection_; }
  const HttpSettings& settings() const { return settings_; }
  Log& log() const { return log_; }
  bool is_stopped() const { return is_stopped_(); }
  LandingTally tally() const;
  void count(const std::function<void(LandingTally&)>& change);
  /// What was answered to the same for a look, where that is kept: a load takes it.
  std::optional<HttpReply> kept(const HttpAsk& ask) const;
  void keep(const HttpAsk& ask, const HttpReply& reply) const;
  /// What is secret in it becomes `***`.
  std::string mask(std::string text) const;
  /// The URL as it may be kept.
  std::string shown(const std::string& url) const;

  /// A token of OAuth 2, asked for when there is none, when it has expired, or when it is `refused`.
  std::string token(HttpClient& client, const std::string& refused);
  /// Whether any call was answered with success: then a sign-in that is refused was right before.
  bool was_let_in() const;
  void note_let_in();

 private:
  void ask_for_token(HttpClient& client);

  const Connection& connection_;
  const HttpSettings& settings_;
  Log& log_;
  const std::function<bool()> is_stopped_;
  const For purpose_;
  mutable std::mutex mutex_;
  LandingTally tally_;      // guarded by mutex_
  bool was_let_in_ = false;  // guarded by mutex_
  std::mutex token_mutex_;
  std::string token_;                                            // guarded by token_mutex_
  std::optional<std::chrono::steady_clock::time_point> expires_;  // guarded by token_mutex_
};

/// Used by one thread.
class HttpCaller {
 public:
  explicit HttpCaller(HttpApi& api);

  /// An answer of success. Throws Error{Unavailable} when there was none after all tries, Error{Data} for a refusal, which
  /// `refused` is told of before.
  using Refused = std::function<void(const std::string& url, const HttpReply& reply)>;
  HttpReply call(const HttpAsk& ask, const Refused& refused);
  /// After an answer that could not be used: waits as before another try. False when there is none left.
  bool may_try_again(int tries);

 private:
  HttpReply follow(const HttpAsk& ask, std::string& url, std::string& token);
  HttpReply send(const HttpAsk& ask, const std::string& url, bool is_trusted, const std::string& token);
  void wait_for_turn();
  void wait(std::chrono::nanoseconds time);
  std::chrono::nanoseconds backoff(int tries);
  Error refusal(const HttpAsk& ask, const std::string& url, const HttpReply& reply) const;
  Error unavailable(const HttpAsk& ask, const std::string& message) const;

  HttpApi& api_;
  HttpClient client_;
  std::mt19937_64 random_;
};

/// How long a `Retry-After` asks to wait: seconds, or a date, which is measured against the answer's own `Date`.
std::optional<std::chrono::seconds> retry_after(const HttpReply& reply, std::chrono::sys_seconds now);

}  // namespace lochan
