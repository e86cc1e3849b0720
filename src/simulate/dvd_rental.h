// The DVD rental, the well-known sample of fifteen tables, in a PostgreSQL database: made once, then a day of business
// at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "base/postgres_connection.h"
#include "simulate/dvd_business.h"

namespace lochan {

/// The day after the last one that the rental has.
inline constexpr DvdDay kDvdNextDay = DvdDay::max();
/// "2026-04-03", or "next". Throws Error{Usage}.
DvdDay parse_dvd_day(std::string_view text);

/// Makes the sample where it isn't; gives the cities of a restored dump their columns for coordinates. Then, when a day
/// is given, adds its returns, payments, new customers and rentals, unless it has them. All of it is one transaction.
/// Throws Error{Data} for a day before the last one that the rental has.
void simulate_dvd_rental(PostgresConnection& connection, std::uint64_t seed, std::optional<DvdDay> day, Log& log);

}  // namespace lochan
