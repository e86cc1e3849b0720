#include "simulate/shop_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace lochan {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t kMostRows = 1'000'000;         // at once: more is a slip of the finger
constexpr double kMostSeconds = 100 * 366 * 86400.0;  // a hundred years

Error wrong(std::string message, std::string hint) {
  Error error(ErrorKind::Usage, std::move(message));
  error.hint(std::move(hint));
  return error;
}

std::int64_t whole_number(const std::string& value, std::int64_t low, std::int64_t high) {
  std::int64_t number = 0;
  const char* const last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data(), last, number);
  if (error != std::errc{} || end != last || number < low || number > high)
    throw wrong(fmt::format("`{}` is not a whole number from {} to {}", value, low, high),
                "write it in digits, e.g. 3");
  return number;
}

microseconds seconds(const std::string& value) {
  double number = 0;
  const char* const last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data(), last, number, std::chars_format::fixed);
  if (error != std::errc{} || end != last || !(number >= 0 && number <= kMostSeconds))
    throw wrong(fmt::format("`{}` is not a number of seconds", value), "write it in digits, e.g. 30 or 0.5");
  return microseconds{static_cast<std::int64_t>(number * 1e6 + 0.5)};
}

std::optional<microseconds> seconds_or_never(const std::string& value) {
  const microseconds duration = seconds(value);
  return duration.count() == 0 ? std::nullopt : std::optional(duration);
}

microseconds tick_interval(const std::string& value) {
  const microseconds interval = seconds(value);
  if (interval < std::chrono::milliseconds{1})
    throw wrong(fmt::format("`{}` is too short for the time between two ticks", value), "give 0.001 or more");
  return interval;
}

bool boolean(const std::string& value) {
  const std::string word = text::lower(value);
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "0" || word == "no" || word == "off") return false;
  throw wrong(fmt::format("`{}` is neither true nor false", value), "write `true` or `false`");
}

LogLevel log_level(const std::string& value) {
  const std::string word = text::lower(value);
  for (const LogLevel level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error})
    if (word == to_string(level)) return level;
  throw wrong(fmt::format("`{}` is no log level", value), "take debug, info, warn or error");
}

Instant instant(const std::string& value) {
  try {
    return parse_instant(value.size() == 10 ? value + " 00:00:00" : value);
  } catch (const Error& error) {
    throw wrong(fmt::format("`{}` is not an instant", value), error.hint());
  }
}

std::int64_t rows(const std::string& value) { return whole_number(value, 0, kMostRows); }

using Config = ShopConfig;
constexpr std::array kSettings = {
    ShopSetting{"generator_seed", "the same seed gives the same rows and the same updates (1)",
                [](Config& config, const std::string& value) { config.seed = whole_number(value, 0, INT64_MAX); }},
    ShopSetting{"tick_interval_sec", "time between two ticks, in seconds (1)",
                [](Config& config, const std::string& value) { config.tick_interval = tick_interval(value); }},
    ShopSetting{"initial_customer_rows", "customers when the shop opens (20)",
                [](Config& config, const std::string& value) { config.initial_rows.customer = rows(value); }},
    ShopSetting{"initial_product_rows", "products when the shop opens (12)",
                [](Config& config, const std::string& value) { config.initial_rows.product = rows(value); }},
    ShopSetting{"initial_employee_rows", "employees when the shop opens (5)",
                [](Config& config, const std::string& value) { config.initial_rows.employee = rows(value); }},
    ShopSetting{"customer_rows_per_tick", "new customers in a tick (1)",
                [](Config& config, const std::string& value) { config.rows_per_tick.customer = rows(value); }},
    ShopSetting{"product_rows_per_tick", "new products in a tick (0)",
                [](Config& config, const std::string& value) { config.rows_per_tick.product = rows(value); }},
    ShopSetting{"employee_rows_per_tick", "new employees in a tick (0)",
                [](Config& config, const std::string& value) { config.rows_per_tick.employee = rows(value); }},
    ShopSetting{"sale_rows_per_tick", "new sales in a tick (3)",
                [](Config& config, const std::string& value) { config.rows_per_tick.sale = rows(value); }},
    ShopSetting{"sale_item_rows_per_tick", "new sale items in a tick, at least one for each sale (6)",
                [](Config& config, const std::string& value) { config.rows_per_tick.sale_item = rows(value); }},
    ShopSetting{"update_rows_per_tick", "rows updated in a tick, each in a random set of columns (2)",
                [](Config& config, const std::string& value) { config.update_rows_per_tick = rows(value); }},
    ShopSetting{
        "update_not_older_than_sec", "only rows younger than this are updated; 0: any row (0)",
        [](Config& config, const std::string& value) { config.update_not_older_than = seconds_or_never(value); }},
    ShopSetting{"delete_older_than_sec", "sales older than this are deleted with their items; 0: never (0)",
                [](Config& config, const std::string& value) { config.delete_older_than = seconds_or_never(value); }},
    ShopSetting{"stop_generator_after_sec", "stop after this time, simulated time with fast; 0: never (0)",
                [](Config& config, const std::string& value) { config.stop_after = seconds_or_never(value); }},
    ShopSetting{"stop_generator_after_ticks", "stop after so many ticks; 0: never (0)",
                [](Config& config, const std::string& value) {
                  const std::int64_t ticks = whole_number(value, 0, INT64_MAX);
                  config.ticks = ticks == 0 ? std::nullopt : std::optional(ticks);
                }},
    ShopSetting{"generator_fast", "simulated time: a tick after the other without sleeping (false)",
                [](Config& config, const std::string& value) { config.fast = boolean(value); }},
    ShopSetting{"generator_start", "when simulated time begins (2026-01-01 08:00:00)",
                [](Config& config, const std::string& value) { config.start = instant(value); }},
    ShopSetting{"generator_log_level", "info: a line for each tick; debug: for each row, too (info)",
                [](Config& config, const std::string& value) { config.log_level = log_level(value); }},
    ShopSetting{"generator_log_file", "the log is also written to this file (none)",
                [](Config& config, const std::string& value) { config.log_file = value; }},
};

const ShopSetting* find_setting(std::string_view name) {
  const std::string lower = text::lower(name);
  // Only the two spellings that users know: all in one case.
  const bool is_upper = std::ranges::none_of(name, [](char letter) { return letter >= 'a' && letter <= 'z'; });
  if (lower != name && !is_upper) return nullptr;
  const auto* found = std::ranges::find(kSettings, lower, &ShopSetting::name);
  return found == kSettings.end() ? nullptr : found;
}

Position position_of(const std::filesystem::path& file, const YAML::Mark& mark) {
  return {file.string(), mark.line + 1, mark.column + 1};
}

[[noreturn]] void throw_unknown(const std::string& name, Position position) {
  std::vector<std::string> names;
  for (const ShopSetting& setting : kSettings) names.emplace_back(setting.name);
  throw Error(ErrorKind::Project, fmt::format("unknown key `{}`", name))
      .at(std::move(position))
      .hint(text::did_you_mean(name, names, fmt::format("the keys are {}", fmt::join(names, ", "))));
}

void read_entry(const std::filesystem::path& file, const YAML::Node& key, const YAML::Node& value, ShopConfig& config) {
  const auto name = key.as<std::string>();
  const ShopSetting* setting = find_setting(name);
  if (setting == nullptr) throw_unknown(name, position_of(file, key.Mark()));
  const Position position = position_of(file, value.IsDefined() && !value.IsNull() ? value.Mark() : key.Mark());
  if (!value.IsScalar())
    throw Error(ErrorKind::Project, fmt::format("`{}` is not a single value", name))
        .at(position)
        .hint(fmt::format("write `{}: VALUE`", name));
  try {
    setting->set(config, value.Scalar());
  } catch (const Error& error) {
    throw Error(ErrorKind::Project, fmt::format("`{}`: {}", name, error.message())).at(position).hint(error.hint());
  }
}

void read_settings(const std::filesystem::path& file, ShopConfig& config) {
  YAML::Node root;
  try {
    root = YAML::Load(read_file(file));
  } catch (const YAML::ParserException& error) {
    throw Error(ErrorKind::Project, fmt::format("cannot read the YAML: {}", error.msg))
        .at(position_of(file, error.mark));
  }
  if (root.IsNull()) return;
  if (!root.IsMap())
    throw Error(ErrorKind::Project, "the settings are not a map of names and values")
        .at({file.string(), 1, 1})
        .hint("write a line for each, e.g. `generator_seed: 42`");
  std::vector<const ShopSetting*> seen;
  for (const auto& entry : root) {
    if (!entry.first.IsScalar())
      throw Error(ErrorKind::Project, "a key is not a word").at(position_of(file, entry.first.Mark()));
    read_entry(file, entry.first, entry.second, config);
    const ShopSetting* setting = find_setting(entry.first.Scalar());
    if (std::ranges::find(seen, setting) != seen.end())
      throw Error(ErrorKind::Project, fmt::format("`{}` stands here twice", setting->name))
          .at(position_of(file, entry.first.Mark()))
          .hint("keep one of the two lines");
    seen.push_back(setting);
  }
}

std::string upper(std::string_view name) {
  std::string result(name);
  for (char& letter : result)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return result;
}

}  // namespace

std::span<const ShopSetting> shop_settings() { return kSettings; }

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

ShopConfig read_shop_config(const std::optional<std::filesystem::path>& file, const Environment& environment) {
  ShopConfig config;
  if (file) read_settings(*file, config);
  for (const ShopSetting& setting : kSettings) {
    std::string name = upper(setting.name);
    std::optional<std::string> value = environment(name);
    if (!value) value = environment(name = setting.name);
    if (!value || value->empty()) continue;
    try {
      setting.set(config, *value);
    } catch (const Error& error) {
      throw Error(ErrorKind::Usage, fmt::format("the environment variable `{}`: {}", name, error.message()))
          .hint(error.hint());
    }
  }
  return config;
}

void check_shop_config(const ShopConfig& config) {
  const ShopRows& rows = config.rows_per_tick;
  check_life_config(config);
  if (rows.sale_item < rows.sale)
    throw wrong(fmt::format("{} cannot have one of {} each", text::plural(rows.sale, "sale"),
                            text::plural(rows.sale_item, "item")),
                "raise `sale_item_rows_per_tick` to `sale_rows_per_tick` or more");
  if (rows.sale == 0 && rows.sale_item > 0)
    throw wrong("there are sale items without a sale", "set `sale_item_rows_per_tick` to 0, too");
  const ShopRows& first = config.initial_rows;
  if (rows.sale > 0 && (first.customer == 0 || first.product == 0 || first.employee == 0))
    throw wrong("a shop without customers, products or employees cannot sell",
                "set the initial rows of each to 1 or more");
}

}  // namespace lochan
