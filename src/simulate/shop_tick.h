// One tick of a shop: what is deleted, updated and inserted at one instant.
#pragma once

#include <string>

#include "base/database.h"
#include "base/log.h"
#include "simulate/shop_config.h"
#include "simulate/shop_schema.h"

namespace lochan {

struct TickCounts {
  ShopRows inserted;
  std::int64_t updated = 0;
  std::int64_t deleted_sales = 0;
  std::int64_t deleted_items = 0;
};

/// The shop's first rows: tick 0, at `state.last_tick_at`. To be called inside one transaction, as `run_tick` is.
TickCounts open_shop(Database& shop, const std::string& name, const ShopConfig& config, Log& log,
                     GeneratorState& state);

/// The tick after `state`, at the instant `at`; moves `state` to it. What happens depends on the seed, the shop's name,
/// the tick's number and the rows there are: never on what was asked for before.
TickCounts run_tick(Database& shop, const std::string& name, const ShopConfig& config, Log& log, Instant at,
                    GeneratorState& state);

}  // namespace lochan
