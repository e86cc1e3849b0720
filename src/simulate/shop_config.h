// How a simulated shop lives: settings with defaults, from a YAML file and the environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "simulate/life.h"

namespace lochan {

/// A number for each table of the shop.
struct ShopRows {
  std::int64_t customer = 0;
  std::int64_t product = 0;
  std::int64_t employee = 0;
  std::int64_t sale = 0;
  std::int64_t sale_item = 0;
};

/// What each field means stands in shop_settings(), by the name that YAML and the environment have for it.
struct ShopConfig : LifeConfig {
  ShopRows initial_rows{.customer = 20, .product = 12, .employee = 5};
  ShopRows rows_per_tick{.customer = 1, .sale = 3, .sale_item = 6};
  std::int64_t update_rows_per_tick = 2;
  std::optional<std::chrono::microseconds> update_not_older_than;
  std::optional<std::chrono::microseconds> delete_older_than;
};

/// One setting, for the reader, `--help` and docs/simulate.md.
struct ShopSetting {
  std::string_view name;  // in lower case
  std::string_view help;
  /// Throws Error{Usage} that says what is wrong with the value.
  void (*set)(ShopConfig& config, const std::string& value);
};
std::span<const ShopSetting> shop_settings();

/// The value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
/// The environment of this process.
std::optional<std::string> process_environment(const std::string& name);

/// Names are taken in upper and lower case; the environment wins over the file. Throws Error{Project} with the position
/// in the file, or Error{Usage} that names the variable.
ShopConfig read_shop_config(const std::optional<std::filesystem::path>& file, const Environment& environment);

/// Throws Error{Usage} when settings contradict one another, e.g. fast time without an end.
void check_shop_config(const ShopConfig& config);

}  // namespace lochan
