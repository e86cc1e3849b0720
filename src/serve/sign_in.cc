#include "serve/sign_in.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/rest_errors.h"

namespace lochan {
namespace {

// What stands after `scheme` in the header; nothing for another scheme.
std::optional<std::string> credentials(const HttpRequest& request, std::string_view scheme) {
  const std::string_view header = request.header("authorization");
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos || text::lower(header.substr(0, space)) != scheme) return std::nullopt;
  return std::string(text::trim(header.substr(space)));
}

// RFC 6749, 5.2: not the shape of the other errors.
HttpResponse oauth_error(int status, std::string_view error, std::string_view description) {
  HttpResponse response;
  response.status = status;
  response.body = Json({{"error", error}, {"error_description", description}}).dump();
  response.headers["Cache-Control"] = "no-store";
  if (status == 401) response.headers["WWW-Authenticate"] = "Basic";
  return response;
}

std::string base64_decoded(const std::string& text) {
  std::vector<unsigned char> bytes(text.size());
  const int size = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),  // NOLINT
                                   static_cast<int>(text.size()));
  if (size < 0) return "";
  std::size_t padding = 0;
  while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') ++padding;
  return {bytes.begin(), bytes.begin() + size - static_cast<std::ptrdiff_t>(padding)};
}

std::string form_decoded(std::string_view text) {
  std::string spaced(text);
  for (char& letter : spaced)
    if (letter == '+') letter = ' ';
  return percent_decode(spaced).value_or(std::move(spaced));
}

// `name:secret` of the Basic scheme, each half form-encoded (RFC 6749, 2.3.1).
std::optional<std::string> basic_secret(const HttpRequest& request) {
  const auto header = credentials(request, "basic");
  if (!header) return std::nullopt;
  const std::string both = base64_decoded(*header);
  const std::size_t colon = both.find(':');
  if (colon == std::string::npos) return "";
  return form_decoded(std::string_view(both).substr(colon + 1));
}

std::string host_without_port(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.rfind(':')));
}

}  // namespace

bool is_loopback(const std::string& address) {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

SignIn::SignIn(const std::optional<std::string>& token) {
  if (token) digest_ = sha256(*token);
}

// Digests of one length are compared, all of them: how long it takes tells nothing of the token.
bool SignIn::is_token(std::string_view offered) const {
  const std::string digest = sha256(offered);
  return !digest_ || CRYPTO_memcmp(digest.data(), digest_->data(), digest.size()) == 0;
}

std::optional<HttpResponse> SignIn::refusal(const HttpRequest& request) const {
  if (!digest_) return std::nullopt;
  const auto offered = credentials(request, "bearer");
  if (!offered) return not_authorized("send `Authorization: Bearer <token>`, the token that `serve` has in lochan.yaml");
  if (!is_token(*offered)) return not_authorized("this is not the token that `serve` has in lochan.yaml");
  return std::nullopt;
}

HttpResponse SignIn::exchange(const HttpRequest& request) const {
  std::string body = request.body;
  for (char& letter : body)
    if (letter == '+') letter = ' ';
  const auto form = parse_query(body);
  const auto field = [&](std::string_view name) {
    const auto found = form.find(name);
    return found == form.end() ? std::optional<std::string>() : std::optional(found->second);
  };
  const std::string grant = field("grant_type").value_or("");
  std::optional<std::string> secret;
  if (grant == "client_credentials") {
    secret = basic_secret(request);
    if (!secret) secret = field("client_secret");
  } else if (grant == "urn:ietf:params:oauth:grant-type:token-exchange") {
    secret = field("subject_token");
  } else {
    return oauth_error(400, "unsupported_grant_type", "wanted `client_credentials`");
  }
  if (!secret) return oauth_error(400, "invalid_request", "there is no `client_secret`");
  if (!is_token(*secret)) return oauth_error(401, "invalid_client", "the secret is not the token of `serve`");
  HttpResponse response;
  response.body = Json({{"access_token", *secret},
                        {"token_type", "bearer"},
                        {"issued_token_type", "urn:ietf:params:oauth:token-type:access_token"}})
                      .dump();
  response.headers["Cache-Control"] = "no-store";
  return response;
}

std::optional<HttpResponse> SignIn::foreign_page(const HttpRequest& request) const {
  if (digest_) return std::nullopt;
  const std::string host = text::lower(host_without_port(request.header("host")));
  if (!host.empty() && host != "localhost" && !is_loopback(host))
    return http_error(403, "ForbiddenException",
                      fmt::format("without a `token` in `serve` only this machine is answered, not `{}`", host));
  if (const std::string_view origin = request.header("origin"); !origin.empty())
    return http_error(403, "ForbiddenException",
                      fmt::format("without a `token` in `serve` no page of `{}` is answered", origin));
  return std::nullopt;
}

}  // namespace lochan
