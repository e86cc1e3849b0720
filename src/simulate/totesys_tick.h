// One tick of totesys: what is changed, paid and inserted at one instant.
#pragma once

#include <string>

#include "base/database.h"
#include "base/log.h"
#include "simulate/totesys.h"
#include "simulate/totesys_schema.h"

namespace lochan {

struct TotesysCounts {
  TotesysRows inserted{};
  std::int64_t orders_changed = 0, payments_paid = 0, others_changed = 0;
};

/// The first rows, at `state.moment`: orders of the ninety days before it. To be called inside one transaction, as
/// `tick_totesys` is.
TotesysCounts open_totesys(Database& database, const std::string& name, const TotesysConfig& config, Log& log,
                           TotesysState& state);

/// What happens at `state.moment`; depends on the seed, the name, the tick's number and the rows there are.
TotesysCounts tick_totesys(Database& database, const std::string& name, const TotesysConfig& config, Log& log,
                           TotesysState& state);

}  // namespace lochan
