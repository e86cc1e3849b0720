// The rules by which the DVD rental works, the same for its first days and for those that are mixed in later.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "simulate/random.h"

namespace lochan {

/// Days since 1970-01-01.
using DvdDay = std::chrono::sys_days;

/// The first and the last day of the sample.
inline constexpr DvdDay kDvdFirstDay{std::chrono::year{2026} / 1 / 1};
inline constexpr DvdDay kDvdLastDay{std::chrono::year{2026} / 4 / 2};

/// What is rented, as money needs it. Cents, so that nothing is rounded.
struct DvdTerms {
  std::int64_t rental_days = 0;
  std::int64_t rate_cents = 0;
  std::int64_t worth_cents = 0;  // replacement cost
};

/// The rate, and one unit for each day late, at most what the film is worth.
std::int64_t dvd_amount_cents(const DvdTerms& terms, std::int64_t days_out);
/// "4.99".
std::string dvd_money(std::int64_t cents);

/// "2026-04-02".
std::string dvd_date(DvdDay day);
/// Within opening hours, to the second: "2026-04-02 17:03:59".
std::string dvd_time(Random& random, DvdDay day);
/// More is rented on Fridays and Saturdays, in percent of other days.
std::int64_t dvd_demand(DvdDay day);
/// How long a film stays out that is to be back after so many days; about every fourth is late.
std::int64_t dvd_days_out(Random& random, std::int64_t rental_days);

}  // namespace lochan
