#include "base/http_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

constexpr char kProtocols[] = "http,https";

struct Answer {
  HttpReply reply;
  std::size_t most = 0;
  bool is_too_long = false;
  bool has_headers = false;  // all of them
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* into) {
  auto& answer = *static_cast<Answer*>(into);
  if (answer.reply.body.size() + size > answer.most) {
    answer.is_too_long = true;
    return CURL_WRITEFUNC_ERROR;
  }
  answer.reply.body.append(data, size);
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* into) {
  auto& answer = *static_cast<Answer*>(into);
  auto& headers = answer.reply.headers;
  const std::string_view line(data, size);
  // A line of status begins an answer: that of a redirect, or a `100 Continue`, came before.
  if (line.starts_with("HTTP/")) headers.clear();
  answer.has_headers = text::trim(line).empty() || (answer.has_headers && !line.starts_with("HTTP/"));
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const std::string value(text::trim(line.substr(colon + 1)));
  const auto [found, is_new] = headers.try_emplace(text::lower(line.substr(0, colon)), value);
  if (!is_new) found->second += ", " + value;
  return size;
}

void require_plain(std::string_view text, std::string_view what) {
  if (std::ranges::any_of(text, [](char letter) { return letter == '\r' || letter == '\n' || letter == '\0'; }))
    throw Error(ErrorKind::Usage, fmt::format("{} holds a line break", what));
}

int ask_whether_stopped(void* options, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const HttpClientOptions*>(options)->is_stopped() ? 1 : 0;
}

HttpFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return HttpFailure::None;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
      return HttpFailure::Trust;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFailure::Time;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return HttpFailure::Cut;
    default:
      return HttpFailure::Other;
  }
}

/// A host as libcurl compares it: without port and brackets.
std::string_view bare_host(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

std::string host_of_url(std::string_view url) {
  const auto start = url.find("://");
  if (start == std::string_view::npos) return {};
  std::string_view authority = url.substr(start + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  return std::string(authority);
}

std::string_view HttpReply::header(std::string_view lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string_view{} : found->second;
}

HttpClient::HttpClient(HttpClientOptions options) : options_(std::move(options)) {}

HttpReply HttpClient::send(const HttpCall& call) {
  const std::string host = host_of_url(call.url);
  if (host.empty()) throw Error(ErrorKind::Usage, "a URL names no host").hint("write it as `https://host/path`");
  Answer answer;
  answer.most = options_.max_body_bytes;
  CurlList headers;
  for (const auto& [name, value] : call.headers) {
    require_plain(name, "the name of a header");
    require_plain(value, fmt::format("the header `{}`", name));
    headers.add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  headers.add("Expect:");  // no second round for large bodies

  handle_.reset();
  handle_.set_limits(options_.limits);
  handle_.set_host(bare_host(host));
  handle_.set(CURLOPT_PROTOCOLS_STR, kProtocols);
  handle_.set(CURLOPT_REDIR_PROTOCOLS_STR, kProtocols);
  handle_.set(CURLOPT_URL, call.url.c_str());
  handle_.set(CURLOPT_HTTPHEADER, headers.get());
  handle_.set(CURLOPT_ACCEPT_ENCODING, "");
  handle_.set(CURLOPT_FOLLOWLOCATION, options_.redirects > 0 ? 1L : 0L);
  handle_.set(CURLOPT_MAXREDIRS, static_cast<long>(options_.redirects));
  if (call.method == "HEAD") {
    handle_.set(CURLOPT_NOBODY, 1L);
  } else if (!call.body.empty() || call.method == "POST" || call.method == "PUT" || call.method == "PATCH") {
    handle_.set(CURLOPT_POSTFIELDS, call.body.data());
    handle_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  }
  if (call.method != "HEAD") handle_.set(CURLOPT_CUSTOMREQUEST, call.method.c_str());
  handle_.set(CURLOPT_WRITEFUNCTION, take_body);
  handle_.set(CURLOPT_WRITEDATA, static_cast<void*>(&answer));
  handle_.set(CURLOPT_HEADERFUNCTION, take_header);
  handle_.set(CURLOPT_HEADERDATA, static_cast<void*>(&answer));

  if (options_.is_stopped) {
    handle_.set(CURLOPT_NOPROGRESS, 0L);
    handle_.set(CURLOPT_XFERINFOFUNCTION, ask_whether_stopped);
    handle_.set(CURLOPT_XFERINFODATA, static_cast<void*>(&options_));
  }
  const CURLcode code = handle_.perform();
  failure_ = failure_of(code);
  if (answer.is_too_long)
    throw Error(ErrorKind::Unavailable,
                fmt::format("`{}` answered with more than {}", host, text::human_bytes(answer.most)));
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    throw Error(ErrorKind::Usage, fmt::format("the URL to `{}` can't be used: {}", host, handle_.failure(code)));
  if (code != CURLE_OK)
    throw Error(ErrorKind::Unavailable, fmt::format("no answer from `{}`: {}", host, handle_.failure(code)));
  // libcurl takes a connection that ends between two headers for the end of an empty answer.
  if (!answer.has_headers) {
    failure_ = HttpFailure::Cut;
    throw Error(ErrorKind::Unavailable,
                fmt::format("no answer from `{}`: the connection ended within the headers", host));
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.reply.status = static_cast<int>(status);
  return std::move(answer.reply);
}

}  // namespace lochan
