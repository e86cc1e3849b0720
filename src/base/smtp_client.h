// Hands a message over to a mail server (SMTP), by libcurl.
#pragma once

#include <string>
#include <vector>

#include "base/curl_handle.h"
#include "base/mail.h"
#include "base/smtp_url.h"

namespace lochan {

/// An address that the server didn't take, and what it said.
struct RefusedAddress {
  std::string address;
  std::string answer;
};

/// Returns the addresses that were refused while others were taken. Throws Error{Unavailable} for what may pass (no
/// connection, an answer 4xx) and Error{Data} for what won't (sign-in refused, 5xx).
///
/// TLS: smtps:// from the first byte. Else STARTTLS, required where somebody signs in, but on this machine; where
/// nobody does, it is used when the server offers it, without asking who the server is: as good as no TLS at best.
std::vector<RefusedAddress> send_mail(const SmtpServer& server, const Mail& mail, const TransferLimits& limits = {});

}  // namespace lochan
