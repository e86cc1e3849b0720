// Answers to calls that were made for a look, kept for whoever makes the same call soon after: each call costs.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/http_client.h"

namespace lochan {

/// May be shared between threads. Keeps 32 MB of bodies at most; what is older than ten minutes was never kept.
class KeptAnswers {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `asked` is all that the answer depends on.
  void keep(const std::string& asked, const HttpReply& reply, Time now);
  std::optional<HttpReply> find(const std::string& asked, Time now);
  /// As `find`, and it is kept no longer.
  std::optional<HttpReply> take(const std::string& asked, Time now);

 private:
  struct Kept {
    HttpReply reply;
    Time at;
  };

  std::mutex mutex_;
  std::map<std::string, Kept> kept_;  // guarded by mutex_
  std::size_t size_ = 0;              // of the bodies; guarded by mutex_
};

}  // namespace lochan
