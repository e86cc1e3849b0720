#include "base/smtp_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/http_server.h"

namespace lochan {
namespace {

constexpr std::string_view kHint = "write it as `smtp://user:password@host:587` or `smtps://host`";

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorKind::Usage, fmt::format("the URL of a mail server {}", why)).hint(std::string(kHint));
}

std::string decode(std::string_view text) {
  auto decoded = percent_decode(text);
  if (!decoded) refuse("has a `%` in its user or password that is no escape");
  if (std::ranges::any_of(*decoded, [](char letter) { return static_cast<unsigned char>(letter) < ' '; }))
    refuse("has a control character in its user or password");
  return std::move(*decoded);
}

int parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535)
    refuse("has a port that is none");
  return port;
}

bool may_be_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '.' || letter == '-' || letter == '_' || letter == ':';
  });
}

}  // namespace

std::string SmtpServer::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

SmtpServer parse_smtp_url(std::string_view url) {
  SmtpServer server;
  if (url.starts_with("smtps://")) {
    server.is_tls = true;
  } else if (!url.starts_with("smtp://")) {
    refuse("begins with neither `smtp://` nor `smtps://`");
  }
  std::string_view rest = url.substr(url.find("://") + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  // The last `@`: a password may hold one that should have been written as %40.
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view person = rest.substr(0, at);
    const auto colon = person.find(':');
    server.user = decode(person.substr(0, colon));
    if (colon != std::string_view::npos) server.password = decode(person.substr(colon + 1));
    if (server.user.empty()) refuse("has no user before its `@`");
    rest.remove_prefix(at + 1);
  }
  server.port = server.is_tls ? 465 : server.user.empty() ? 25 : 587;
  std::string_view host = rest;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) refuse("has a `[` without its `]`");
    host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest[0] != ':') refuse("has something after its host");
    if (!rest.empty()) server.port = parse_port(rest.substr(1));
  } else if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    server.port = parse_port(rest.substr(colon + 1));
  }
  if (!may_be_host(host)) refuse("names no host, or more than a host");
  server.host = std::string(host);
  return server;
}

}  // namespace lochan
