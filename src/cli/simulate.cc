// `lochan simulate`: example systems that live, writing into databases.
#include <fmt/format.h>

#include <optional>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/simulate_dvd_rental.h"
#include "cli/simulate_totesys.h"
#include "cli/simulation.h"
#include "simulate/api.h"
#include "simulate/shop.h"
#include "simulate/shop_config.h"
#include "simulate/shop_place.h"

namespace lochan {
namespace {

class SimulateCommand final : public Command {
 public:
  void add_options(Options& options) override {
    Options shop =
        options.command("shop", "branches of a fruit shop: they sell, change prices, delete old sales", shop_);
    places_.add(shop);
    shop.text("--config", config_file_, "FILE", "settings in YAML (docs/simulate.md lists them)");
    life_.add(shop);
    Options totesys = options.command("totesys", "a trading company's database: it sells, buys, is paid", totesys_);
    totesys_options_.add(totesys);
    dvd_rental_.add(options);
    Options api = options.command(
        "api", "the API of the system volt: users and orders, with the faults it is told to have", api_);
    for (ApiOption& option : api_options_) api.number(option.name, option.value, option.value_name, option.help);
    api.text("--address", api_config_.address, "IP", "where it listens");
    api.choice("--pagination", api_config_.pagination, {"list", "link", "next", "cursor", "offset", "page", "keyset"},
               "of /users and /orders; each is also at /page/users, /cursor/users and so on");
    api.choice("--auth", api_config_.auth, {"none", "bearer", "basic", "key", "key_query", "oauth2"}, "who is let in");
    api.text("--user", api_config_.user, "NAME", "basic: the user; oauth2: the client, at /token");
    api.text("--secret", api_config_.secret, "TEXT", "the token, password, key or client's secret");
    api.flag("--retry-date", api_config_.retry_date, "Retry-After is a date");
  }

  int run(Context& context) override {
    if (!shop_ && !totesys_ && !api_ && !dvd_rental_.is_chosen())
      throw Error(ErrorKind::Usage, "`lochan simulate` needs a system").hint("lochan simulate shop, totesys, dvd_rental or api");
    const Interrupt interrupt;
    if (dvd_rental_.is_chosen()) {
      SimulationLog log(context, ShopConfig{});
      return dvd_rental_.run(context, log, interrupt.token());
    }
    if (api_) return run_api(context, interrupt);
    if (totesys_) return totesys_options_.run(context, interrupt.token());
    const ShopConfig config = life_.read(context, config_file_);
    check_shop_config(config);
    std::vector<std::unique_ptr<Database>> databases;
    std::vector<Shop> shops;
    for (const Connection& place : places_.find(context)) {
      databases.push_back(open_shop_database(place));
      shops.push_back({place.name, *databases.back()});
    }
    SimulationLog log(context, config);
    simulate_shops(shops, config, context.clock, log, interrupt.token());
    return kExitDone;
  }

 private:
  int run_api(Context& context, const Interrupt& interrupt) {
    for (const ApiOption& option : api_options_)
      if (option.value) option.set(api_config_, *option.value);
    SimulationLog log(context, ShopConfig{});
    simulate_api(api_config_, log, interrupt.token());
    return kExitDone;
  }

  struct ApiOption {
    std::string name, value_name, help;
    void (*set)(ApiConfig&, std::int64_t);
    std::optional<std::int64_t> value{};
  };

  bool shop_ = false;
  bool totesys_ = false;
  bool api_ = false;
  SimulateDvdRental dvd_rental_;
  ApiConfig api_config_;
  std::vector<ApiOption> api_options_ = {
      {"--port", "N", "where it listens; 0: a free one",
       [](ApiConfig& c, std::int64_t n) { c.port = static_cast<std::uint16_t>(n); }},
      {"--seed", "N", "the same seed gives the same bytes",
       [](ApiConfig& c, std::int64_t n) { c.seed = static_cast<std::uint64_t>(n); }},
      {"--users", "N", "how many users there are", [](ApiConfig& c, std::int64_t n) { c.users = n; }},
      {"--orders", "N", "how many orders there are at first", [](ApiConfig& c, std::int64_t n) { c.orders = n; }},
      {"--order-every", "SECONDS", "between two of these (default: 1)",
       [](ApiConfig& c, std::int64_t n) { c.order_interval = std::chrono::seconds{n}; }},
      {"--page-size", "N", "records of a page where `limit` names none",
       [](ApiConfig& c, std::int64_t n) { c.page_size = n; }},
      {"--token-calls", "N", "bearer, oauth2: a token is good for so many calls",
       [](ApiConfig& c, std::int64_t n) { c.token_calls = n; }},
      {"--every-429", "N", "every Nth request is answered 429, with Retry-After",
       [](ApiConfig& c, std::int64_t n) { c.every_429 = n; }},
      {"--retry-after", "SECONDS", "how long a 429 asks to wait",
       [](ApiConfig& c, std::int64_t n) { c.retry_after = std::chrono::seconds{n}; }},
      {"--every-500", "N", "every Nth request is answered 500", [](ApiConfig& c, std::int64_t n) { c.every_500 = n; }},
      {"--every-cut", "N", "the connection is cut in the middle of every Nth body",
       [](ApiConfig& c, std::int64_t n) { c.every_cut = n; }},
      {"--every-broken", "N", "every Nth body is JSON that ends in the middle",
       [](ApiConfig& c, std::int64_t n) { c.every_broken = n; }},
      {"--every-html", "N", "every Nth answer is a page of HTML with status 200",
       [](ApiConfig& c, std::int64_t n) { c.every_html = n; }},
      {"--delay", "MS", "before each answer",
       [](ApiConfig& c, std::int64_t n) { c.delay = std::chrono::milliseconds{n}; }},
      {"--rate", "N", "calls it takes in a second; the others are answered 429",
       [](ApiConfig& c, std::int64_t n) { c.rate = n; }},
      {"--tick-interval", "SECONDS", "new and changed orders come so often; 0: at POST /_tick",
       [](ApiConfig& c, std::int64_t n) { c.tick_interval = std::chrono::seconds{n}; }},
  };
  PlaceOptions places_{"shop"};
  LifeOptions life_;
  std::string config_file_;
  TotesysOptions totesys_options_;
};

}  // namespace

CommandKind simulate_command() {
  return {
      .name = "simulate",
      .group = "this program",
      .summary = "let an example system live: a shop, a trading company, a DVD rental in databases, an API",
      .more = "",
      .examples = {{"simulate shop", "a tick a second in every branch, until Ctrl-C"},
                   {"simulate shop --fast --ticks 100", "a hundred ticks of simulated time, at once"},
                   {"simulate shop --seed 7 --tick-interval 0.2", "another shop, five ticks a second"},
                   {"simulate shop --connection branch_1 --stop-after 60", "one branch, for a minute"},
                   {"simulate shop --to postgresql://shop@db/branch_1", "in a PostgreSQL database, without a project"},
                   {"simulate totesys --to postgresql://app@db/totesys",
                    "a trading company: eleven tables, a tick a second"},
                   {"simulate dvd_rental --mix-day 2026-04-03", "the sample of fifteen tables, and a day of its business"},
                   {"simulate api --port 8080 --every-429 20", "an API that now and then asks to wait"}},
      .make = make_command<SimulateCommand>};
}

}  // namespace lochan
