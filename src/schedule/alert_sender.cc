#include "schedule/alert_sender.h"

#include <fmt/format.h>


#include "base/host_name.h"
#include "base/http_client.h"
#include "base/smtp_client.h"
#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

std::string send_mail_of(const AlertConfig& alert, const AlertMessage& message, Instant now) {
  Mail mail;
  mail.from = alert.from.empty() ? "lochan@" + host_name() : alert.from;
  for (const LocatedText& address : alert.to) mail.to.push_back(*address);
  mail.subject = message.subject;
  mail.body = message.body;
  mail.at = now;
  mail.id = fmt::format("{}@{}", message.identity, mail.from.substr(mail.from.find('@') + 1));
  std::string amiss;
  for (const RefusedAddress& refused : send_mail(parse_smtp_url(**alert.smtp), mail))
    amiss += fmt::format("{}`{}` was refused: {}", amiss.empty() ? "" : "; ", refused.address, refused.answer);
  return amiss;
}

void call_webhook(const AlertConfig& alert, const AlertMessage& message) {
  HttpClient client({.max_body_bytes = 1u << 20});
  const HttpReply reply = client.send({.method = "POST",
                                       .url = **alert.webhook,
                                       .headers = {{"Content-Type", "application/json"},
                                                   {"User-Agent", "lochan"},
                                                   {"Idempotency-Key", message.identity}},
                                       .body = message.json});
  if (reply.succeeded()) return;
  const std::string answer = cut_text(text::trim(reply.body.substr(0, reply.body.find('\n'))), 200);
  throw Error(reply.status >= 500 || reply.status == 429 ? ErrorKind::Unavailable : ErrorKind::Data,
              fmt::format("`{}` answered {}{}", host_of_url(**alert.webhook), reply.status,
                          answer.empty() ? "" : ": " + answer));
}

}  // namespace

std::string send_alert(const AlertConfig& alert, const AlertMessage& message, Instant now) {
  if (alert.smtp) return send_mail_of(alert, message, now);
  call_webhook(alert, message);
  return {};
}

std::string describe_way(const AlertConfig& alert) {
  if (!alert.smtp) return fmt::format("webhook at {}", host_of_url(**alert.webhook));
  std::string to;
  for (const LocatedText& address : alert.to) to += (to.empty() ? "" : ", ") + *address;
  return fmt::format("mail to {} by {}", to, parse_smtp_url(**alert.smtp).address());
}

}  // namespace lochan
