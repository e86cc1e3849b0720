// What `lochan simulate` asks for whatever lives in databases: how long and how fast, and where.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/run_log.h"
#include "project/project.h"
#include "simulate/shop_config.h"

namespace lochan {

/// To the console, and to the file of the settings.
class SimulationLog final : public Log {
 public:
  SimulationLog(Context& context, const LifeConfig& config);
  void write(LogLevel level, std::string_view message) noexcept override;

 private:
  Terminal& terminal_;
  LogLevel least_;
  std::optional<RunLog> file_;
};

class LifeOptions {
 public:
  void add(Options& options);
  /// An option wins over the environment, which wins over the file.
  ShopConfig read(const Context& context, const std::string& file) const;

 private:
  /// An option of the command line, by the name of the setting that it is.
  struct Setting {
    std::string option;
    std::string name;
    std::string value_name;
    std::string help;
    std::string value;
  };
  static void apply(const Setting& setting, ShopConfig& config);

  bool fast_ = false;
  std::vector<Setting> settings_ = {
      {"--seed", "generator_seed", "N", "the same seed gives the same rows", ""},
      {"--ticks", "stop_generator_after_ticks", "N", "stop after so many ticks", ""},
      {"--tick-interval", "tick_interval_sec", "SECONDS", "time between two ticks", ""},
      {"--stop-after", "stop_generator_after_sec", "SECONDS", "stop after this time", ""},
      {"--log-file", "generator_log_file", "FILE", "write the log there too", ""},
  };
};

class PlaceOptions {
 public:
  /// `what` lives there: the source of that name says where.
  explicit PlaceOptions(std::string what) : what_(std::move(what)) {}

  void add(Options& options);
  /// The name is part of the seed, so two of one name would be the same twice.
  std::vector<Connection> find(Context& context) const;

 private:
  std::vector<std::string> names(const Project& project) const;

  std::string what_;
  std::vector<std::string> connections_;
  std::vector<std::string> to_;
};

}  // namespace lochan
