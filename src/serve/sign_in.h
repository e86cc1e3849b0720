// Who may ask: clients that bear the project's token; or, when it has none, programs of this machine.
#pragma once

#include <optional>
#include <string>

#include "base/http_server.h"

namespace lochan {

/// Whether only this machine reaches it: 127.0.0.0/8 or ::1.
bool is_loopback(const std::string& address);

/// May be shared between threads.
class SignIn {
 public:
  /// No token: everyone who reaches us may ask.
  explicit SignIn(const std::optional<std::string>& token);

  bool has_token() const { return digest_.has_value(); }
  /// Nothing when the request may be answered; else its 401 or 403.
  std::optional<HttpResponse> refusal(const HttpRequest& request) const;
  /// `POST /v1/oauth/tokens` (RFC 6749, client credentials; RFC 8693, token exchange): who knows the token, in place of
  /// a client's secret, is given it as an access token.
  HttpResponse exchange(const HttpRequest& request) const;
  /// Without a token a web page that somebody here has open could ask in their name: a name in `Host` that isn't this
  /// machine's, or an `Origin`, is refused. Nothing when all is well.
  std::optional<HttpResponse> foreign_page(const HttpRequest& request) const;

 private:
  bool is_token(std::string_view offered) const;

  std::optional<std::string> digest_;  // of the token
};

}  // namespace lochan
