#include "cli/simulate_totesys.h"

#include <memory>
#include <utility>

#include "simulate/shop_place.h"

namespace lochan {

void TotesysOptions::add(Options& options) {
  places_.add(options);
  for (Number& number : numbers_) options.number(number.name, number.value, "N", number.help);
  life_.add(options);
}

int TotesysOptions::run(Context& context, std::stop_token stop) const {
  TotesysConfig config;
  static_cast<LifeConfig&>(config) = life_.read(context, "");
  for (const Number& number : numbers_)
    if (number.value) config.*number.field = *number.value;
  std::vector<std::unique_ptr<Database>> databases;
  std::vector<Totesys> companies;
  for (const Connection& place : places_.find(context)) {
    databases.push_back(open_shop_database(place, "totesys"));
    companies.push_back({place.name, *databases.back()});
  }
  SimulationLog log(context, config);
  simulate_totesys(companies, config, context.clock, log, std::move(stop));
  return kExitDone;
}

}  // namespace lochan
