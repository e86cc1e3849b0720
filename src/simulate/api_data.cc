#include "simulate/api_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/clock.h"
#include "simulate/random.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 12> kFirst = {"Anna", "Jan", "Zofia", "Piotr", "Maria", "Adam", "Ewa", "Tomasz", "Julia", "Marek", "Łucja", "Óscar"};
constexpr std::array<std::string_view, 10> kLast = {"Nowak", "Kowalska", "Wiśniewski", "Zając", "Lis", "Wrona", "O'Hara", "Müller", "Silva", "Kim"};
constexpr std::array<std::string_view, 6> kCities = {"Warszawa", "Kraków", "Gdańsk", "Berlin", "Lisboa", "Seoul"};
constexpr std::array<std::string_view, 8> kProducts = {"lamp", "cable", "charger", "battery", "fuse", "switch", "socket", "heater"};
constexpr std::array<std::string_view, 4> kStates = {"new", "paid", "sent", "returned"};
constexpr std::int64_t kNewOrders = 5, kChangedOrders = 3;  // of a tick

const Instant kBegin = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};

std::string time_text(std::int64_t seconds) { return to_iso8601(kBegin + std::chrono::seconds{seconds}); }

// The first second whose time isn't before `since`.
std::int64_t first_second(const std::string& since) {
  std::int64_t low = 0, high = std::int64_t{1} << 32;
  while (low < high && !since.empty()) {
    const std::int64_t middle = low + (high - low) / 2;
    if (time_text(middle) >= since)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

template <typename Words>
std::string_view pick(Random& random, const Words& words) {
  return random.pick(std::span<const std::string_view>(words));
}

}  // namespace

ApiData::ApiData(const ApiConfig& config)
    : config_(config), orders_(config.orders), by_user_(static_cast<std::size_t>(std::max<std::int64_t>(1, config.users) + 1)) {
  for (std::int64_t id = 1; id <= orders_; ++id) by_user_[static_cast<std::size_t>(user_of(id))].push_back(id);
}

std::int64_t ApiData::user_of(std::int64_t order) const {
  return Random(config_.seed, "buyer", static_cast<std::uint64_t>(order)).between(1, std::max<std::int64_t>(1, config_.users));
}

void ApiData::tick() {
  ++ticks_;
  Random random(config_.seed, "tick", static_cast<std::uint64_t>(ticks_));
  for (std::int64_t i = 0; i < kChangedOrders && orders_ > 0; ++i) changed_[random.between(1, orders_)] = ticks_;
  for (std::int64_t i = 0; i < kNewOrders; ++i) {
    changed_[++orders_] = ticks_;
    by_user_[static_cast<std::size_t>(user_of(orders_))].push_back(orders_);
  }
}

// Orders there were at the beginning came one after the other, a second by default; ticks are minutes after the last of them.
std::int64_t ApiData::order_made(std::int64_t id) const {
  const std::int64_t first = std::min(id, config_.orders) * config_.order_interval.count();
  return id <= config_.orders ? first : first + 60 * ((id - config_.orders - 1) / kNewOrders + 1);
}

std::int64_t ApiData::order_changed(std::int64_t id) const {
  const auto changed = changed_.find(id);
  return changed == changed_.end() ? order_made(id) : order_made(config_.orders) + 60 * changed->second;
}

std::string ApiData::user(std::int64_t id) const {
  Random random(config_.seed, "user", static_cast<std::uint64_t>(id));
  const std::string_view first = pick(random, kFirst), last = pick(random, kLast), city = pick(random, kCities);
  return fmt::format(R"({{"id":{},"name":"{} {}","email":"user{}@example.com","address":{{"city":"{}","zip":"{:02}-{:03}"}},"tags":["{}"],)"
                     R"("active":{},"updated_at":"{}"}})",
                     id, first, last, id, city, random.below(100), random.below(1000), pick(random, kProducts), random.chance(80),
                     time_text(user_changed(id)));
}

std::string ApiData::order(std::int64_t id) const {
  Random random(config_.seed, "order", static_cast<std::uint64_t>(id));
  const auto changed = changed_.find(id);
  const std::int64_t version = changed == changed_.end() ? 0 : changed->second;
  const std::int64_t quantity = random.between(1, 9), cents = random.between(99, 99'999);
  const std::string_view product = pick(random, kProducts);
  const std::size_t state = static_cast<std::size_t>(random.below(4) + version) % kStates.size();
  const std::string note = random.chance(10) ? R"("leave at the door")" : "null";
  return fmt::format(R"({{"id":{},"user_id":{},"product":"{}","quantity":{},"price":"{}.{:02}","amount":{}.{:02},"status":"{}","note":{},)"
                     R"("created_at":"{}","updated_at":"{}"}})",
                     id, user_of(id), product, quantity, cents / 100, cents % 100, cents * quantity / 100, cents * quantity % 100, kStates[state],
                     note, time_text(order_made(id)), time_text(order_changed(id)));
}

std::vector<std::int64_t> ApiData::order_ids(const std::string& since, std::int64_t user) const {
  std::vector<std::int64_t> ids;
  const std::int64_t from = first_second(since);
  const auto take = [&](std::int64_t id) {
    if (order_changed(id) >= from) ids.push_back(id);
  };
  if (user > 0 && user < static_cast<std::int64_t>(by_user_.size()))
    for (const std::int64_t id : by_user_[static_cast<std::size_t>(user)]) take(id);
  for (std::int64_t id = 1; user == 0 && id <= orders_; ++id) take(id);
  return ids;
}

std::vector<std::int64_t> ApiData::user_ids(const std::string& since) const {
  std::vector<std::int64_t> ids;
  const std::int64_t from = first_second(since);
  for (std::int64_t id = 1; id <= config_.users; ++id)
    if (user_changed(id) >= from) ids.push_back(id);
  return ids;
}

}  // namespace lochan
