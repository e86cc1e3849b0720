// One transfer by libcurl: its handle, its lists and its errors, for the clients of this folder.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace lochan {

struct TransferLimits {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{60'000};  // of the whole exchange
  std::chrono::seconds stalled{0};            // moving next to nothing for so long ends it; 0: only `timeout` does
  /// Certificates to trust, in PEM; "": the file that the variable SSL_CERT_FILE names, else the machine's.
  std::filesystem::path certificates{};
};

/// Owned by one thread at a time.
class CurlHandle {
 public:
  CurlHandle();
  ~CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  CURL* get() const { return handle_; }
  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(handle_, option, value);
  }
  /// Forgets all options, keeps open connections.
  void reset();
  void set_limits(const TransferLimits& limits);
  /// A host of this machine is never reached through a proxy that the environment names.
  void set_host(std::string_view host);
  CURLcode perform();
  /// libcurl's words for what went wrong, without what the URL holds.
  std::string failure(CURLcode code) const;

 private:
  CURL* handle_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
};

/// Strings that a transfer refers to.
class CurlList {
 public:
  CurlList() = default;
  ~CurlList() { curl_slist_free_all(list_); }
  CurlList(const CurlList&) = delete;
  CurlList& operator=(const CurlList&) = delete;
  void add(const std::string& text);
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// `localhost`, 127.0.0.0/8 and ::1: what is sent there doesn't leave the machine.
bool is_loopback(std::string_view host);

}  // namespace lochan
