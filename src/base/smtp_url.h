// Where mail is handed over: `smtp://user:password@host:587`, `smtps://host`.
#pragma once

#include <string>
#include <string_view>

namespace lochan {

struct SmtpServer {
  std::string host;
  int port = 0;
  bool is_tls = false;  // from the first byte: smtps://
  std::string user;     // decoded; "": nobody signs in
  std::string password;

  /// "mail.example.com:587": what may be shown.
  std::string address() const;
};

/// The port is by default 465 for smtps://, 587 where somebody signs in, else 25. Throws Error{Usage}, without any
/// secret, for what isn't such a URL.
SmtpServer parse_smtp_url(std::string_view url);

}  // namespace lochan
