// Users and orders of the simulated API: of the same seed always the same bytes. Each tick brings new orders and changes old
// ones.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulate/api_config.h"

namespace lochan {

/// Not to be shared between threads.
class ApiData {
 public:
  explicit ApiData(const ApiConfig& config);

  /// One step of simulated time.
  void tick();

  std::int64_t users() const { return config_.users; }
  std::int64_t orders() const { return orders_; }
  std::string user(std::int64_t id) const;
  std::string order(std::int64_t id) const;
  /// Ids in their order: of orders changed at or after `since` (ISO 8601; "": all), of one user (0: of all).
  std::vector<std::int64_t> order_ids(const std::string& since, std::int64_t user) const;
  std::vector<std::int64_t> user_ids(const std::string& since) const;

 private:
  std::int64_t user_changed(std::int64_t id) const { return id * 10; }  // seconds after the beginning
  std::int64_t order_changed(std::int64_t id) const;
  std::int64_t order_made(std::int64_t id) const;
  std::int64_t user_of(std::int64_t order) const;

  const ApiConfig& config_;
  std::int64_t orders_;
  std::int64_t ticks_ = 0;
  std::map<std::int64_t, std::int64_t> changed_;  // order → the tick that changed it last
  std::vector<std::vector<std::int64_t>> by_user_;
};

}  // namespace lochan
