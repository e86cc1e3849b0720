// `lochan simulate totesys`.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/simulation.h"
#include "simulate/totesys.h"

namespace lochan {

class TotesysOptions {
 public:
  void add(Options& options);
  int run(Context& context, std::stop_token stop) const;

 private:
  struct Number {
    std::string name, help;
    std::int64_t TotesysConfig::* field;
    std::optional<std::int64_t> value{};
  };

  PlaceOptions places_{"totesys"};
  LifeOptions life_;
  std::vector<Number> numbers_ = {
      {"--orders", "sales orders when it opens (200); the other tables' sizes follow", &TotesysConfig::orders},
      {"--orders-per-tick", "new sales orders in a tick (2)", &TotesysConfig::orders_per_tick},
      {"--purchases-per-tick", "new purchase orders in a tick (1)", &TotesysConfig::purchases_per_tick},
      {"--updates-per-tick", "sales orders changed in a tick (2)", &TotesysConfig::updates_per_tick},
      {"--payments-per-tick", "payments paid in a tick, the oldest first (2)", &TotesysConfig::payments_per_tick},
  };
};

}  // namespace lochan
