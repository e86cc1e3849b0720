// A folder of a real web server, nginx, for tests: started by tests/services/web.sh if it isn't running.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "base/hash.h"
#include "project/files_config.h"
#include "project/http_config.h"
#include "tests/support/service.h"

namespace lochan {

/// Open to whoever has the token; gone with the object.
class WebFolder {
 public:
  static constexpr const char* kToken = "lochan-secret";

  WebFolder() {
    std::filesystem::create_directories(folder_);
    open_to_the_server(folder_);
  }
  ~WebFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  WebFolder(const WebFolder&) = delete;
  WebFolder& operator=(const WebFolder&) = delete;

  std::string url() const { return described().at("WEB_URL") + "/locked/" + name_; }
  int port() const { return std::stoi(url().substr(url().find(':', 6) + 1)); }

  /// Whole, or not at all. Its ETag is its size and its time in seconds, so each is a second later than the one before.
  void put(const std::string& name, const std::string& bytes) {
    const std::filesystem::path unfinished = folder_ / (name + ".part");
    std::filesystem::create_directories(unfinished.parent_path());
    open_to_the_server(unfinished.parent_path());
    std::ofstream(unfinished, std::ios::binary) << bytes;
    std::filesystem::permissions(unfinished, std::filesystem::perms(0644));
    std::filesystem::last_write_time(unfinished, at_ += std::chrono::seconds{1});
    std::filesystem::rename(unfinished, folder_ / name);
  }
  void remove(const std::string& name) { std::filesystem::remove(folder_ / name); }

  Connection connection(const std::string& name, const std::string& url) const {
    Connection connection;
    connection.name = name;
    connection.kind = "files";
    connection.location = url;
    connection.files = std::make_shared<FilesSettings>();
    connection.http = std::make_shared<HttpSettings>();
    connection.http->auth.kind = HttpAuthKind::Bearer;
    connection.http->auth.token = kToken;
    connection.http->retries = 2;
    connection.http->retry_delay = std::chrono::milliseconds{1};
    connection.http->gate = std::make_shared<CallGate>(0, std::chrono::milliseconds{0});
    return connection;
  }

 private:
  static const std::map<std::string, std::string>& described() {
    static const auto kServer = run_service("web");
    return kServer;
  }
  static void open_to_the_server(const std::filesystem::path& folder) {
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
  }

  const std::string name_ = random_uuid();
  const std::filesystem::path folder_ = std::filesystem::path(described().at("WEB_FOLDER")) / "locked" / name_;
  std::filesystem::file_time_type at_ = std::filesystem::file_time_type::clock::now() - std::chrono::hours{24};
};

}  // namespace lochan
