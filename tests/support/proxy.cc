#include "tests/support/proxy.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "tests/support/service.h"

namespace lochan {
namespace {

// https://github.com/Shopify/toxiproxy#http-api
Json request(const std::string& method, const std::string& url, const std::string& body) {
  const std::string command =
      fmt::format("curl -sS --fail-with-body -X {} -H 'Content-Type: application/json' -d '{}' {}", method, body, url);
  std::FILE* output = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> part{};
  while (output != nullptr && std::fgets(part.data(), part.size(), output) != nullptr) text += part.data();
  if (output == nullptr || pclose(output) != 0)
    throw Error(ErrorKind::Unavailable, fmt::format("{}: {}", command, text));
  return Json::parse(text, nullptr, false);
}

}  // namespace

Proxy::Proxy(int upstream_port) : upstream_port_(upstream_port) {
  static const std::string kServer = run_service("toxiproxy").at("TOXIPROXY_URL");
  const std::string name = "test-" + random_uuid();
  const Json made =
      request("POST", kServer + "/proxies",
              fmt::format(R"({{"name":"{}","listen":"127.0.0.1:0","upstream":"127.0.0.1:{}"}})", name, upstream_port));
  url_ = kServer + "/proxies/" + name;
  const std::string listens = made.at("listen").get<std::string>();
  port_ = std::stoi(listens.substr(listens.rfind(':') + 1));
}

Proxy::~Proxy() {
  try {
    request("DELETE", url_, "");
  } catch (const Error&) {
    // Toxiproxy was stopped: the proxy ended with it.
  }
}

std::string Proxy::through(std::string url) const {
  const std::string from = fmt::format(":{}", upstream_port_);
  const auto at = url.find(from);
  if (at != std::string::npos) url.replace(at, from.size(), fmt::format(":{}", port_));
  return url;
}

void Proxy::cut() const { request("POST", url_, R"({"enabled":false})"); }

void Proxy::cut_after(int bytes) const {
  add_toxic(fmt::format(R"({{"name":"bytes","type":"limit_data","attributes":{{"bytes":{}}}}})", bytes));
}

void Proxy::cut_after_sent(int bytes) const {
  add_toxic(
      fmt::format(R"({{"name":"sent","type":"limit_data","stream":"upstream","attributes":{{"bytes":{}}}}})", bytes));
}

void Proxy::narrow(int kilobytes) const {
  add_toxic(fmt::format(R"({{"name":"narrow","type":"bandwidth","attributes":{{"rate":{}}}}})", kilobytes));
}

void Proxy::reset_after(int milliseconds) const {
  add_toxic(fmt::format(R"({{"name":"reset","type":"reset_peer","attributes":{{"timeout":{}}}}})", milliseconds));
}

void Proxy::delay(int milliseconds) const {
  add_toxic(fmt::format(R"({{"name":"delay","type":"latency","attributes":{{"latency":{}}}}})", milliseconds));
}

void Proxy::restore() const {
  for (const Json& toxic : request("GET", url_ + "/toxics", ""))
    request("DELETE", url_ + "/toxics/" + toxic.at("name").get<std::string>(), "");
  request("POST", url_, R"({"enabled":true})");
}

void Proxy::add_toxic(const std::string& json) const { request("POST", url_ + "/toxics", json); }

}  // namespace lochan
