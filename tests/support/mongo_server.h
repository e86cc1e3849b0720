// A real server of MongoDB's protocol for tests: started by tests/services/mongodb.sh if it isn't running.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "tests/support/service.h"

namespace lochan {

/// A database's name of its own on the server.
class MongoDatabase {
 public:
  MongoDatabase() {
    static const std::string kServer = run_service("mongodb").at("MONGODB_URL");
    std::string suffix = random_uuid();
    std::erase(suffix, '-');
    name_ = "test_" + suffix;
    url_ = kServer + "/" + name_;
  }

  const std::string& name() const { return name_; }
  const std::string& url() const { return url_; }
  int port() const {
    const auto colon = url_.rfind(':');
    return std::stoi(url_.substr(colon + 1));
  }

 private:
  std::string name_;
  std::string url_;
};

}  // namespace lochan
