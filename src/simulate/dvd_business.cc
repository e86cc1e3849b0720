#include "simulate/dvd_business.h"

#include <fmt/format.h>

#include <algorithm>

namespace lochan {

std::int64_t dvd_amount_cents(const DvdTerms& terms, std::int64_t days_out) {
  const std::int64_t days_late = std::max<std::int64_t>(0, days_out - terms.rental_days);
  return terms.rate_cents + std::min(terms.worth_cents, 100 * days_late);
}

std::string dvd_money(std::int64_t cents) { return fmt::format("{}.{:02}", cents / 100, cents % 100); }

std::string dvd_date(DvdDay day) {
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string dvd_time(Random& random, DvdDay day) {
  constexpr std::int64_t kOpens = 9 * 3600, kCloses = 22 * 3600;
  const std::int64_t second = random.between(kOpens, kCloses - 1);
  return fmt::format("{} {:02}:{:02}:{:02}", dvd_date(day), second / 3600, second / 60 % 60, second % 60);
}

std::int64_t dvd_demand(DvdDay day) {
  const std::chrono::weekday weekday{day};
  return weekday == std::chrono::Friday || weekday == std::chrono::Saturday ? 140 : 100;
}

std::int64_t dvd_days_out(Random& random, std::int64_t rental_days) {
  if (random.chance(25)) return rental_days + random.between(1, 4);
  return random.between(1, rental_days);
}

}  // namespace lochan
