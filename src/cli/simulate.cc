// `lochan simulate`: example systems that live, writing into databases.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/connection_session.h"
#include "cli/interrupt.h"
#include "cli/run_log.h"
#include "cli/simulate_dvd_rental.h"
#include "simulate/api.h"
#include "simulate/shop.h"
#include "simulate/shop_config.h"
#include "simulate/shop_place.h"

namespace lochan {
namespace {

/// To the console, and to the file of the settings.
class SimulationLog final : public Log {
 public:
  SimulationLog(Context& context, const ShopConfig& config) : terminal_(context.terminal), least_(config.log_level) {
    if (config.log_file) file_.emplace(*config.log_file, context.clock, context.secrets);
  }

  void write(LogLevel level, std::string_view message) noexcept override {
    if (level < least_) return;
    if (file_) file_->write(level, message);
    if (terminal_.options().quiet && level < LogLevel::Warn) return;
    const bool is_plain = level == LogLevel::Info;
    terminal_.note(is_plain ? std::string(message) : fmt::format("{}: {}", to_string(level), message));
  }

 private:
  Terminal& terminal_;
  LogLevel least_;
  std::optional<RunLog> file_;
};

class SimulateCommand final : public Command {
 public:
  void add_options(Options& options) override {
    Options shop =
        options.command("shop", "branches of a fruit shop: they sell, change prices, delete old sales", shop_);
    shop.texts("--connection", connections_, "NAME", "only into these connections");
    shop.texts("--to", to_, "URL", "into this database, without a project: postgresql://user@host/branch_1");
    shop.text("--config", config_file_, "FILE", "settings in YAML (docs/simulate.md lists them)");
    for (Setting& setting : settings_) shop.text(setting.option, setting.value, setting.value_name, setting.help);
    shop.flag("--fast", fast_, "simulated time: a tick after the other, without sleeping");
    dvd_rental_.add(options);
    Options api = options.command("api", "the API of the system volt: users and orders, with the faults it is told to have", api_);
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
    if (!shop_ && !api_ && !dvd_rental_.is_chosen())
      throw Error(ErrorKind::Usage, "`lochan simulate` needs a system").hint("lochan simulate shop, dvd_rental or api");
    const Interrupt interrupt;
    if (dvd_rental_.is_chosen()) {
      SimulationLog log(context, ShopConfig{});
      return dvd_rental_.run(context, log, interrupt.token());
    }
    if (api_) return run_api(context, interrupt);
    const ShopConfig config = read_config(context);
    std::vector<std::unique_ptr<Database>> databases;
    std::vector<Shop> shops;
    for (const Connection& place : places(context)) {
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

  /// An option of the command line, by the name of the setting that it is.
  struct Setting {
    std::string option;
    std::string name;
    std::string value_name;
    std::string help;
    std::string value;
  };

  /// An option wins over the environment, which wins over the file.
  ShopConfig read_config(const Context& context) const {
    const auto file = config_file_.empty() ? std::nullopt : std::optional<std::filesystem::path>(config_file_);
    ShopConfig config = read_shop_config(file, process_environment);
    if (fast_) config.fast = true;
    if (context.terminal.options().verbose) config.log_level = LogLevel::Debug;
    for (const Setting& setting : settings_)
      if (!setting.value.empty()) apply(setting, config);
    check_shop_config(config);
    return config;
  }

  static void apply(const Setting& setting, ShopConfig& config) {
    const auto known = std::ranges::find(shop_settings(), setting.name, &ShopSetting::name);
    try {
      known->set(config, setting.value);
    } catch (const Error& error) {
      throw Error(ErrorKind::Usage, fmt::format("`{}`: {}", setting.option, error.message())).hint(error.hint());
    }
  }

  /// Where to live. The name is part of the seed, so two of one name would be the same shop twice.
  std::vector<Connection> places(Context& context) const {
    std::vector<Connection> found;
    for (const std::string& text : to_) {
      context.secrets.add(text);
      found.push_back(shop_at(text));
    }
    if (to_.empty() || !connections_.empty()) {
      const Project project = open_project(context);
      for (const std::string& name : shop_connections(project)) found.push_back(find_connection(project, name));
    }
    std::set<std::string> names;
    for (const Connection& place : found)
      if (!names.insert(place.name).second)
        throw Error(ErrorKind::Usage, fmt::format("two shops are called `{}`", place.name))
            .hint("give one of them another name: `--to branch_2=URL`");
    return found;
  }

  /// Those asked for; else those of the source `shop`; else every SQLite file.
  std::vector<std::string> shop_connections(const Project& project) const {
    if (!connections_.empty()) return connections_;
    std::vector<std::string> names;
    if (const auto source = project.sources.find("shop"); source != project.sources.end()) {
      for (const LocatedText& name : source->second.from) names.push_back(*name);
      return names;
    }
    for (const auto& [name, connection] : project.connections)
      if (connection.kind == "sqlite") names.push_back(name);
    if (names.empty())
      throw Error(ErrorKind::Usage, "the project has no connection that a shop can live in")
          .hint("add one to lochan.yaml, `connections: {branch_1: sqlite:./data/branch_1.db}`, or give `--to URL`");
    return names;
  }

  bool shop_ = false;
  bool api_ = false;
  SimulateDvdRental dvd_rental_;
  ApiConfig api_config_;
  std::vector<ApiOption> api_options_ = {
      {"--port", "N", "where it listens; 0: a free one", [](ApiConfig& c, std::int64_t n) { c.port = static_cast<std::uint16_t>(n); }},
      {"--seed", "N", "the same seed gives the same bytes", [](ApiConfig& c, std::int64_t n) { c.seed = static_cast<std::uint64_t>(n); }},
      {"--users", "N", "how many users there are", [](ApiConfig& c, std::int64_t n) { c.users = n; }},
      {"--orders", "N", "how many orders there are at first", [](ApiConfig& c, std::int64_t n) { c.orders = n; }},
      {"--page-size", "N", "records of a page where `limit` names none", [](ApiConfig& c, std::int64_t n) { c.page_size = n; }},
      {"--token-calls", "N", "bearer, oauth2: a token is good for so many calls", [](ApiConfig& c, std::int64_t n) { c.token_calls = n; }},
      {"--every-429", "N", "every Nth request is answered 429, with Retry-After", [](ApiConfig& c, std::int64_t n) { c.every_429 = n; }},
      {"--retry-after", "SECONDS", "how long a 429 asks to wait", [](ApiConfig& c, std::int64_t n) { c.retry_after = std::chrono::seconds{n}; }},
      {"--every-500", "N", "every Nth request is answered 500", [](ApiConfig& c, std::int64_t n) { c.every_500 = n; }},
      {"--every-cut", "N", "the connection is cut in the middle of every Nth body", [](ApiConfig& c, std::int64_t n) { c.every_cut = n; }},
      {"--every-broken", "N", "every Nth body is JSON that ends in the middle", [](ApiConfig& c, std::int64_t n) { c.every_broken = n; }},
      {"--every-html", "N", "every Nth answer is a page of HTML with status 200", [](ApiConfig& c, std::int64_t n) { c.every_html = n; }},
      {"--delay", "MS", "before each answer", [](ApiConfig& c, std::int64_t n) { c.delay = std::chrono::milliseconds{n}; }},
      {"--rate", "N", "calls it takes in a second; the others are answered 429", [](ApiConfig& c, std::int64_t n) { c.rate = n; }},
      {"--tick-interval", "SECONDS", "new and changed orders come so often; 0: at POST /_tick",
       [](ApiConfig& c, std::int64_t n) { c.tick_interval = std::chrono::seconds{n}; }},
  };
  bool fast_ = false;
  std::vector<std::string> connections_;
  std::vector<std::string> to_;
  std::string config_file_;
  std::vector<Setting> settings_ = {
      {"--seed", "generator_seed", "N", "the same seed gives the same rows", ""},
      {"--ticks", "stop_generator_after_ticks", "N", "stop after so many ticks", ""},
      {"--tick-interval", "tick_interval_sec", "SECONDS", "time between two ticks", ""},
      {"--stop-after", "stop_generator_after_sec", "SECONDS", "stop after this time", ""},
      {"--log-file", "generator_log_file", "FILE", "write the log there too", ""},
  };
};

}  // namespace

CommandKind simulate_command() {
  return {.name = "simulate",
          .group = "this program",
          .summary = "let an example system live: a shop or a DVD rental in databases, an API",
          .more = "",
          .examples = {{"simulate shop", "a tick a second in every branch, until Ctrl-C"},
                       {"simulate shop --fast --ticks 100", "a hundred ticks of simulated time, at once"},
                       {"simulate shop --seed 7 --tick-interval 0.2", "another shop, five ticks a second"},
                       {"simulate shop --connection branch_1 --stop-after 60", "one branch, for a minute"},
                       {"simulate shop --to postgresql://shop@db/branch_1", "in a PostgreSQL database, without a project"},
                       {"simulate dvd_rental --mix-day 2026-04-03", "the sample of fifteen tables, and a day of its business"},
                       {"simulate api --port 8080 --every-429 20", "an API that now and then asks to wait"}},
          .make = make_command<SimulateCommand>};
}

}  // namespace lochan
