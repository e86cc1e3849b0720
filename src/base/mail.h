// A message as mail carries it (RFC 5322, MIME): ASCII lines whatever the text is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lochan {

struct Mail {
  std::string from;             // an address: data@example.com
  std::vector<std::string> to;  // addresses
  std::string subject;          // UTF-8, one line
  std::string body;             // UTF-8, lines ended by "\n"
  Instant at;
  std::string id;  // of the message: one that is sent again has the same, so that it is shown once
};

/// `name@host`, without spaces, brackets and quotes.
bool is_mail_address(std::string_view text);
/// The whole message, its lines ended by CRLF. A line break in what stands in a header becomes a blank.
std::string compose_mail(const Mail& mail);

}  // namespace lochan
