// A living trading company: it sells and buys, its payments get paid, and now and then somebody moves, in eleven
// tables.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/log.h"
#include "simulate/life.h"

namespace lochan {

struct TotesysConfig : LifeConfig {
  std::int64_t orders = 200;         // sales orders when it opens; the other tables' sizes follow from it
  std::int64_t orders_per_tick = 2;  // new sales orders
  std::int64_t purchases_per_tick = 1;
  std::int64_t updates_per_tick = 2;   // sales orders that are changed
  std::int64_t payments_per_tick = 2;  // payments that are paid, the oldest first
};

/// One company. The name is part of the seed.
struct Totesys {
  std::string name;
  Database& database;
};

/// As simulate_shops (simulate/shop.h).
void simulate_totesys(std::span<const Totesys> companies, const TotesysConfig& config, const Clock& clock, Log& log,
                      std::stop_token stop);

}  // namespace lochan
