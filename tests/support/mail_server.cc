#include "tests/support/mail_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/http_client.h"
#include "base/json.h"
#include "tests/support/service.h"

namespace lochan {
namespace {

const std::map<std::string, std::string>& service() {
  static const std::map<std::string, std::string> kService = run_service("smtp");
  return kService;
}

Json ask(const std::string& method, const std::string& path, const std::string& body) {
  HttpClientOptions options;
  options.limits.certificates = service().at("SMTP_CERTIFICATE");
  HttpClient client(options);
  const HttpReply reply = client.send({.method = method, .url = service().at("SMTP_TAKEN") + path, .body = body});
  if (!reply.succeeded()) throw Error(ErrorKind::Unavailable, fmt::format("{} {}: {}", method, path, reply.body));
  return Json::parse(reply.body);
}

std::string plain(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

}  // namespace

const MailServers& mail_servers() {
  static const MailServers kServers{service().at("SMTP_PLAIN"), service().at("SMTP_STARTTLS"), service().at("SMTP_TLS"),
                                    service().at("SMTP_CERTIFICATE")};
  return kServers;
}

int MailServers::port() const { return std::stoi(plain.substr(plain.rfind(':') + 1)); }

std::vector<TakenMail> taken_mails(const std::string& to) {
  std::vector<TakenMail> mails;
  for (const Json& taken : ask("GET", "/messages", "")) {
    TakenMail mail{plain(taken["from"]),     taken["to"].get<std::vector<std::string>>(),
                   taken["tls"].get<bool>(), plain(taken["user"]),
                   plain(taken["subject"]),  plain(taken["id"]),
                   plain(taken["text"]),     taken["defects"].get<std::vector<std::string>>()};
    if (std::ranges::find(mail.to, to) != mail.to.end()) mails.push_back(std::move(mail));
  }
  return mails;
}

void refuse_mails(int code, int times) {
  ask("PUT", "/refuse", fmt::format(R"({{"code": {}, "times": {}}})", code, times));
}

std::string new_address() { return random_uuid() + "@example.com"; }

}  // namespace lochan
