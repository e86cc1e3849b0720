// One writer of a collection at a time, of all hosts: a document beside the marks says who. MongoDB has no lock that
// ends with its connection, so a holder shows that it lives: on its own host by a locked file, to others by a counter.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "sink/alive_mark.h"
#include "sink/mongodb_client.h"

namespace lochan {

class MongoLock {
 public:
  /// Waits until the collection is free; `is_cancelled` ends that with Error{Unavailable}.
  MongoLock(MongoClient& client, const Connection& connection, MongoName name,
            const std::function<bool()>& is_cancelled);
  ~MongoLock();
  MongoLock(const MongoLock&) = delete;
  MongoLock& operator=(const MongoLock&) = delete;

  /// Throws Error{Unavailable} when another host took over, as this one had seemed dead.
  void require() const;

 private:
  struct Holder {
    std::string owner;
    std::string host;
    std::int64_t beat = 0;
    friend bool operator==(const Holder&, const Holder&) = default;
  };
  bool try_take() const;
  Holder look() const;
  void take_over(const Holder& holder) const;
  void beat(const std::stop_token& stop);

  MongoClient& client_;
  const Connection& connection_;
  const MongoName name_;
  const AliveMark alive_;
  const std::string id_;
  std::atomic<bool> is_lost_ = false;
  std::jthread heart_;
};

/// The collection of a database that has the marks and the locks.
inline constexpr const char* kMongoMarks = "lochan_mark";

}  // namespace lochan
