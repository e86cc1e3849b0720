// One day of the DVD rental's business, written into a database that has the days before.
#pragma once

#include <cstdint>
#include <string>

#include "base/postgres_connection.h"
#include "simulate/dvd_business.h"

namespace lochan {

struct DvdDayCounts {
  std::int64_t returned = 0, paid = 0, customers = 0, rented = 0;
};

/// The last day on which something was rented, returned or paid.
DvdDay last_dvd_day(PostgresConnection& connection);
bool has_dvd_day(PostgresConnection& connection, DvdDay day);
/// Within the open transaction, whose search path has the tables. The day is later than the last. What is written
/// depends on the seed, the day and the rows there are.
DvdDayCounts write_dvd_day(PostgresConnection& connection, std::uint64_t seed, DvdDay day);

}  // namespace lochan
