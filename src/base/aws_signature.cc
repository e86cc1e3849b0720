#include "base/aws_signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"

namespace lochan {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

// "20261121T034600Z"
std::string amz_date(Instant now) {
  std::string text = to_iso8601(now).substr(0, 19);  // 2026-11-21T03:46:00
  std::erase_if(text, [](char letter) { return letter == '-' || letter == ':'; });
  return text + "Z";
}

}  // namespace

std::string aws_encoded(std::string_view text, bool keep_slash) {
  std::string encoded;
  for (const char letter : text) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9') || std::string_view("-_.~").find(letter) != std::string_view::npos;
    if (is_plain || (keep_slash && letter == '/'))
      encoded += letter;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return encoded;
}

std::string aws_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(aws_encoded(name), aws_encoded(value));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

// "Create a signed AWS API request", steps 1 to 4, in AWS's Identity and Access Management User Guide.
std::map<std::string, std::string> sign_aws_request(const AwsRequest& request, const AwsKeys& keys,
                                                    std::string_view region, std::string_view service, Instant now) {
  const std::string date = amz_date(now);
  const std::string day = date.substr(0, 8);
  const std::string body_hash = sha256(request.body);
  std::map<std::string, std::string> added{{"x-amz-content-sha256", body_hash}, {"x-amz-date", date}};
  if (!keys.session_token.empty()) added["x-amz-security-token"] = keys.session_token;

  std::map<std::string, std::string> headers = request.headers;
  headers.insert(added.begin(), added.end());
  headers["host"] = request.host;
  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, text::trim(value));
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path,
                                            aws_query(request.query), lines, names, body_hash);
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope, sha256(canonical));
  std::string key = "AWS4" + keys.secret_access_key;
  for (const std::string_view part : {std::string_view(day), region, service, std::string_view("aws4_request")})
    key = hmac(key, part);
  added["authorization"] = fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                       keys.access_key_id, scope, names, hexadecimal(hmac(key, to_sign)));
  return added;
}

}  // namespace lochan
