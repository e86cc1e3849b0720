#include "base/smtp_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

/// What was said, as far as it is told to people: recipients, and answers that refuse.
struct Talk {
  std::string recipient;  // the last one named, until it is answered
  std::vector<RefusedAddress> refused;
  std::string last_refusal;
};

bool is_refusal(std::string_view line) {
  return line.size() > 3 && (line[0] == '4' || line[0] == '5') && line[3] == ' ';
}

// Never a word of signing in: only RCPT lines are looked at.
int listen(CURL*, curl_infotype kind, char* data, std::size_t size, void* into) {
  auto& talk = *static_cast<Talk*>(into);
  const std::string_view line = text::trim(std::string_view(data, size));
  if (kind == CURLINFO_HEADER_OUT) {
    talk.recipient.clear();
    if (line.starts_with("RCPT TO:<")) talk.recipient = line.substr(9, line.find('>') - 9);
  } else if (kind == CURLINFO_HEADER_IN && is_refusal(line)) {
    talk.last_refusal = line;
    if (!talk.recipient.empty()) talk.refused.push_back({talk.recipient, std::string(line)});
    talk.recipient.clear();
  }
  return 0;
}

std::size_t give(char* data, std::size_t size, std::size_t count, void* from) {
  auto& rest = *static_cast<std::string_view*>(from);
  const std::size_t part = std::min(size * count, rest.size());
  std::memcpy(data, rest.data(), part);
  rest.remove_prefix(part);
  return part;
}

void set_security(CurlHandle& handle, const SmtpServer& server) {
  const bool must_be_private = !server.user.empty() && !is_loopback(server.host);
  const long level = server.is_tls || must_be_private ? CURLUSESSL_ALL : CURLUSESSL_TRY;
  handle.set(CURLOPT_USE_SSL, level);
  const bool is_verified = level == CURLUSESSL_ALL;
  handle.set(CURLOPT_SSL_VERIFYPEER, is_verified ? 1L : 0L);
  handle.set(CURLOPT_SSL_VERIFYHOST, is_verified ? 2L : 0L);
}

[[noreturn]] void refuse(const CurlHandle& handle, CURLcode code, const SmtpServer& server, const Talk& talk) {
  const std::string reason =
      talk.last_refusal.empty() ? handle.failure(code) : fmt::format("it answered `{}`", talk.last_refusal);
  const std::string message =
      fmt::format("the mail server `{}` did not take the message: {}", server.address(), reason);
  if (code == CURLE_LOGIN_DENIED) throw Error(ErrorKind::Data, message).hint("check user and password in its URL");
  if (code == CURLE_USE_SSL_FAILED)
    throw Error(ErrorKind::Data,
                fmt::format("the mail server `{}` offers no TLS, and a password is not sent without", server.address()))
        .hint("use `smtps://`, or the port that offers STARTTLS");
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    throw Error(ErrorKind::Unavailable, message)
        .hint("name the file of certificates to trust in the variable SSL_CERT_FILE");
  throw Error(talk.last_refusal.starts_with('5') ? ErrorKind::Data : ErrorKind::Unavailable, message);
}

}  // namespace

std::vector<RefusedAddress> send_mail(const SmtpServer& server, const Mail& mail, const TransferLimits& limits) {
  for (const std::string& address : mail.to)
    if (!is_mail_address(address)) throw Error(ErrorKind::Usage, fmt::format("`{}` is no mail address", address));
  if (!is_mail_address(mail.from)) throw Error(ErrorKind::Usage, fmt::format("`{}` is no mail address", mail.from));
  const std::string message = compose_mail(mail);
  const std::string url = fmt::format("{}://{}/", server.is_tls ? "smtps" : "smtp", server.address());
  std::string_view rest = message;
  Talk talk;
  CurlList recipients;
  for (const std::string& address : mail.to) recipients.add(address);

  CurlHandle handle;
  handle.reset();
  handle.set_limits(limits);
  handle.set_host(server.host);
  handle.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  handle.set(CURLOPT_URL, url.c_str());
  set_security(handle, server);
  if (!server.user.empty()) {
    handle.set(CURLOPT_USERNAME, server.user.c_str());
    handle.set(CURLOPT_PASSWORD, server.password.c_str());
  }
  handle.set(CURLOPT_MAIL_FROM, mail.from.c_str());
  handle.set(CURLOPT_MAIL_RCPT, recipients.get());
  handle.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  handle.set(CURLOPT_UPLOAD, 1L);
  handle.set(CURLOPT_READFUNCTION, give);
  handle.set(CURLOPT_READDATA, static_cast<void*>(&rest));
  handle.set(CURLOPT_VERBOSE, 1L);
  handle.set(CURLOPT_DEBUGFUNCTION, listen);
  handle.set(CURLOPT_DEBUGDATA, static_cast<void*>(&talk));
  const CURLcode code = handle.perform();
  if (code != CURLE_OK) refuse(handle, code, server, talk);
  return talk.refused;
}

}  // namespace lochan
