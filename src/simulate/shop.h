// A living shop: rows appear, change and go, tick after tick, in a real database.
#pragma once

#include <span>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/log.h"
#include "simulate/shop_config.h"

namespace lochan {

/// One branch. The name is part of the seed: branches differ, and each is what it was the last time.
struct Shop {
  std::string name;
  Database& database;
};

/// Lives until the config's end or a stop is asked for, then returns after the tick that is under way. Each tick is one
/// transaction; a database that is locked or away is waited for. An existing shop goes on where it stopped.
void simulate_shop(Database& target, const std::string& name, const ShopConfig& config, const Clock& clock, Log& log,
                   std::stop_token stop);

/// Several at once, each in its own thread. When one fails the others stop, and its error is thrown.
void simulate_shops(std::span<const Shop> shops, const ShopConfig& config, const Clock& clock, Log& log,
                    std::stop_token stop);

}  // namespace lochan
