// What is wrong with the server: what `/ready` tells.
#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/error.h"

namespace lochan {

/// May be shared between threads.
class Health {
 public:
  /// What is wrong with one part: "project", "schedules". None: all is well with it.
  void set(const std::string& part, std::vector<Error> problems);
  void stop();

  bool is_stopping() const;
  /// Of all parts, each with its `part`.
  nlohmann::ordered_json problems() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Error>> problems_;  // guarded by mutex_, as is:
  bool is_stopping_ = false;
};

}  // namespace lochan
