#include "base/curl_handle.h"

#include <cstdlib>
#include <new>

#include "base/error.h"

namespace lochan {
namespace {

void start_library() {
  static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kStarted != CURLE_OK) throw Error(ErrorKind::Internal, "libcurl could not be started");
}

std::string trusted_certificates(const TransferLimits& limits) {
  if (!limits.certificates.empty()) return limits.certificates.string();
  const char* named = std::getenv("SSL_CERT_FILE");
  return named == nullptr ? "" : named;
}

}  // namespace

CurlHandle::CurlHandle() {
  start_library();
  handle_ = curl_easy_init();
  if (handle_ == nullptr) throw std::bad_alloc();
}

CurlHandle::~CurlHandle() { curl_easy_cleanup(handle_); }

void CurlHandle::reset() {
  curl_easy_reset(handle_);
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
}

void CurlHandle::set_limits(const TransferLimits& limits) {
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.timeout.count()));
  if (limits.stalled.count() > 0) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.stalled.count()));
  }
  if (const std::string file = trusted_certificates(limits); !file.empty()) set(CURLOPT_CAINFO, file.c_str());
}

void CurlHandle::set_host(std::string_view host) {
  if (is_loopback(host)) set(CURLOPT_NOPROXY, "*");
}

CURLcode CurlHandle::perform() {
  error_[0] = '\0';
  return curl_easy_perform(handle_);
}

std::string CurlHandle::failure(CURLcode code) const {
  std::string text = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return text;
}

void CurlList::add(const std::string& text) {
  curl_slist* longer = curl_slist_append(list_, text.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  list_ = longer;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace lochan
