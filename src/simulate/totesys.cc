#include "simulate/totesys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "simulate/totesys_schema.h"
#include "simulate/totesys_tick.h"

namespace lochan {
namespace {

using text::plural;

constexpr std::int64_t kMostRows = 10'000'000;  // at once: more is a slip of the finger

std::string describe(const TotesysCounts& counts) {
  std::vector<std::string> inserted;
  const auto told = [&](TotesysTable table, const char* word) {
    if (const auto count = counts.inserted[table]; count > 0) inserted.push_back(plural(count, word));
  };
  told(TotesysTable::SalesOrder, "sales order");
  told(TotesysTable::PurchaseOrder, "purchase order");
  told(TotesysTable::Design, "design");
  told(TotesysTable::Staff, "colleague");
  if (const auto count = counts.inserted[TotesysTable::Counterparty]; count > 0)
    inserted.push_back(fmt::format("{} {}", count, count == 1 ? "counterparty" : "counterparties"));
  std::string text = inserted.empty() ? "nothing new" : fmt::format("new: {}", fmt::join(inserted, ", "));
  if (counts.orders_changed > 0) text += fmt::format("; {} changed", plural(counts.orders_changed, "order"));
  if (counts.payments_paid > 0) text += fmt::format("; {} paid", plural(counts.payments_paid, "payment"));
  if (counts.others_changed > 0) text += fmt::format("; {} changed", plural(counts.others_changed, "other row"));
  return text;
}

class LivingTotesys final : public Living {
 public:
  LivingTotesys(const Totesys& company, const TotesysConfig& config, Log& log)
      : company_(company), config_(config), log_(log) {}

  const std::string& name() const override { return company_.name; }
  Database& database() override { return company_.database; }
  void make_tables() override { create_totesys_tables(company_.database); }

  std::optional<LifeMoment> find() override {
    const auto found = read_totesys_state(company_.database);
    if (!found) return std::nullopt;
    state_ = *found;
    return state_.moment;
  }

  std::string open(const LifeMoment& moment) override {
    state_ = {.moment = moment};
    return describe(open_totesys(company_.database, company_.name, config_, log_, state_));
  }

  std::string tick(const LifeMoment& moment) override {
    state_.moment = moment;
    return describe(tick_totesys(company_.database, company_.name, config_, log_, state_));
  }

 private:
  const Totesys& company_;
  const TotesysConfig& config_;
  Log& log_;
  TotesysState state_;
};

void check(const TotesysConfig& config) {
  check_life_config(config);
  for (const std::int64_t count : {config.orders, config.orders_per_tick, config.purchases_per_tick,
                                   config.updates_per_tick, config.payments_per_tick})
    if (count < 0 || count > kMostRows)
      throw Error(ErrorKind::Usage, fmt::format("`{}` is no number of rows from 0 to {}", count, kMostRows))
          .hint("write it in digits, e.g. 3");
}

}  // namespace

void simulate_totesys(std::span<const Totesys> companies, const TotesysConfig& config, const Clock& clock, Log& log,
                      std::stop_token stop) {
  check(config);
  std::deque<LivingTotesys> living;  // they stay where they are
  std::vector<Living*> all;
  for (const Totesys& company : companies) all.push_back(&living.emplace_back(company, config, log));
  live_all(all, config, clock, log, std::move(stop));
}

}  // namespace lochan
