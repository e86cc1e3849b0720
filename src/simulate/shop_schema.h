// The tables of a shop, and where its generator is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "simulate/shop_config.h"

namespace lochan {

/// Makes the tables, keys and indexes that are missing, and `generator_state`. SQL that SQLite and PostgreSQL read.
void create_shop_tables(Database& shop);

/// How far a generator has come: kept in the table `generator_state`, changed in each tick's own transaction, so that
/// a restart goes on with the next tick.
struct GeneratorState {
  std::int64_t ticks = 0;
  Instant last_tick_at;
  ShopRows last_id{};  // the newest row of each table, also when it is deleted by now
};

/// Nothing when no generator has opened this shop.
std::optional<GeneratorState> read_generator_state(Database& shop);
void write_generator_state(Database& shop, const GeneratorState& state);

}  // namespace lochan
