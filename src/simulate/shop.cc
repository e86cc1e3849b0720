#include "simulate/shop.h"

#include <fmt/format.h>

#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "simulate/life.h"
#include "simulate/shop_schema.h"
#include "simulate/shop_tick.h"

namespace lochan {
namespace {

using text::plural;

std::string describe(const TickCounts& counts) {
  const ShopRows& rows = counts.inserted;
  std::vector<std::string> inserted;
  if (rows.customer > 0) inserted.push_back(plural(rows.customer, "customer"));
  if (rows.product > 0) inserted.push_back(plural(rows.product, "product"));
  if (rows.employee > 0) inserted.push_back(plural(rows.employee, "employee"));
  if (rows.sale > 0) inserted.push_back(plural(rows.sale, "sale"));
  if (rows.sale_item > 0) inserted.push_back(plural(rows.sale_item, "sale item"));
  std::string text = inserted.empty() ? "nothing new" : fmt::format("new: {}", fmt::join(inserted, ", "));
  if (counts.updated > 0) text += fmt::format("; {} updated", plural(counts.updated, "row"));
  if (counts.deleted_sales > 0)
    text +=
        fmt::format("; {} with {} deleted", plural(counts.deleted_sales, "sale"), plural(counts.deleted_items, "item"));
  return text;
}

class LivingShop final : public Living {
 public:
  LivingShop(Database& shop, std::string name, const ShopConfig& config, Log& log)
      : shop_(shop), name_(std::move(name)), config_(config), log_(log) {}

  const std::string& name() const override { return name_; }
  Database& database() override { return shop_; }
  void make_tables() override { create_shop_tables(shop_); }

  std::optional<LifeMoment> find() override {
    const auto found = read_generator_state(shop_);
    if (!found) return std::nullopt;
    state_ = *found;
    return LifeMoment{.ticks = state_.ticks, .last_tick_at = state_.last_tick_at};
  }

  std::string open(const LifeMoment& moment) override {
    state_ = {.last_tick_at = moment.last_tick_at};
    return describe(open_shop(shop_, name_, config_, log_, state_));
  }

  std::string tick(const LifeMoment& moment) override {
    return describe(run_tick(shop_, name_, config_, log_, moment.last_tick_at, state_));
  }

 private:
  Database& shop_;
  std::string name_;
  const ShopConfig& config_;
  Log& log_;
  GeneratorState state_;
};

}  // namespace

void simulate_shop(Database& target, const std::string& name, const ShopConfig& config, const Clock& clock, Log& log,
                   std::stop_token stop) {
  check_shop_config(config);
  LivingShop shop(target, name, config, log);
  live(shop, config, clock, log, std::move(stop));
}

void simulate_shops(std::span<const Shop> shops, const ShopConfig& config, const Clock& clock, Log& log,
                    std::stop_token stop) {
  check_shop_config(config);
  std::deque<LivingShop> living;  // they stay where they are
  std::vector<Living*> all;
  for (const Shop& shop : shops) all.push_back(&living.emplace_back(shop.database, shop.name, config, log));
  live_all(all, config, clock, log, std::move(stop));
}

}  // namespace lochan
