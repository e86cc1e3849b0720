// A web server of files, with a page that lists them, etags, parts and conditions: as the usual ones answer.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/hash.h"
#include "base/http_server.h"
#include "base/log.h"
#include "project/files_config.h"
#include "project/http_config.h"
#include "source/http_address.h"

namespace lochan {

class FileServer {
 public:
  FileServer() { start(); }

  void start() {
    server_ = std::make_unique<HttpServer>(
        HttpServerOptions{.port = port_}, [this](const HttpRequest& request) { return answer(request); }, log_);
    port_ = server_->port();
  }
  void stop() { server_.reset(); }

  void put(const std::string& name, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    files_[name] = bytes;
  }
  void remove(const std::string& name) {
    const std::lock_guard lock(mutex_);
    files_.erase(name);
  }
  /// Before the answer to each request that gets a file.
  void before_get(std::function<void()> work) { before_get_ = std::move(work); }
  void want_bearer(const std::string& token) { token_ = token; }
  void list_nothing() { lists_ = false; }
  int count(const std::string& method) {
    const std::lock_guard lock(mutex_);
    return asked_[method];
  }

  Connection connection(const std::string& name) const {
    Connection connection;
    connection.name = name;
    connection.kind = "files";
    connection.location = fmt::format("http://127.0.0.1:{}/drop", port_);
    connection.files = std::make_shared<FilesSettings>();
    connection.http = std::make_shared<HttpSettings>();
    connection.http->retries = 2;
    connection.http->retry_delay = std::chrono::milliseconds{1};
    connection.http->gate = std::make_shared<CallGate>(0, std::chrono::milliseconds{0});
    return connection;
  }

 private:
  HttpResponse answer(const HttpRequest& request) {
    if (request.method == "GET" && !request.path.ends_with('/') && before_get_) before_get_();
    const std::lock_guard lock(mutex_);
    ++asked_[request.method];
    if (!token_.empty() && request.header("authorization") != "Bearer " + token_)
      return {.status = 401, .headers = {}, .body = "who?"};
    const std::string root = "/drop/";
    const std::string name =
        percent_decode(request.path.substr(std::min(root.size(), request.path.size()))).value_or("");
    if (request.path.ends_with('/'))
      return lists_ ? page_of(name) : HttpResponse{.status = 404, .headers = {}, .body = "nothing here"};
    const auto file = files_.find(name);
    if (file == files_.end()) return {.status = 404, .headers = {}, .body = "no such file"};
    const std::string etag = "\"" + sha256(file->second).substr(0, 16) + "\"";
    if (!request.header("if-match").empty() && request.header("if-match") != etag)
      return {.status = 412, .headers = {}, .body = ""};
    HttpResponse response{.status = 200, .headers = {{"ETag", etag}}, .body = file->second, .content_type = "text/csv"};
    unsigned long long from = 0, last = 0;
    if (std::sscanf(std::string(request.header("range")).c_str(), "bytes=%llu-%llu", &from, &last) == 2) {
      response.status = 206;
      response.body = file->second.substr(from, last - from + 1);
    }
    return response;
  }
  // As Apache and nginx list a folder.
  HttpResponse page_of(const std::string& folder) const {
    std::string body = "<html><body><h1>Index</h1><a href=\"?C=N;O=D\">Name</a><a href=\"../\">Parent</a>";
    std::string last;
    for (const auto& [name, bytes] : files_) {
      if (!name.starts_with(folder)) continue;
      const std::string rest = name.substr(folder.size());
      const std::string own = rest.substr(0, rest.find('/') == std::string::npos ? rest.size() : rest.find('/') + 1);
      if (own == last) continue;
      last = own;
      const bool is_folder = own.ends_with('/');
      body += fmt::format("<a href=\"{}{}\">x</a>", percent_encode(is_folder ? own.substr(0, own.size() - 1) : own),
                          is_folder ? "/" : "");
    }
    return {.status = 200, .headers = {}, .body = body + "</body></html>", .content_type = "text/html"};
  }

  NullLog log_;
  std::mutex mutex_;
  std::map<std::string, std::string> files_;  // guarded by mutex_
  std::map<std::string, int> asked_;          // guarded by mutex_
  std::function<void()> before_get_;
  std::string token_;
  bool lists_ = true;
  std::uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace lochan
