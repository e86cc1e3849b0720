#include "cli/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "cli/connection_session.h"
#include "simulate/shop_place.h"

namespace lochan {

SimulationLog::SimulationLog(Context& context, const LifeConfig& config)
    : terminal_(context.terminal), least_(config.log_level) {
  if (config.log_file) file_.emplace(*config.log_file, context.clock, context.secrets);
}

void SimulationLog::write(LogLevel level, std::string_view message) noexcept {
  if (level < least_) return;
  if (file_) file_->write(level, message);
  if (terminal_.options().quiet && level < LogLevel::Warn) return;
  const bool is_plain = level == LogLevel::Info;
  terminal_.note(is_plain ? std::string(message) : fmt::format("{}: {}", to_string(level), message));
}

void LifeOptions::add(Options& options) {
  for (Setting& setting : settings_) options.text(setting.option, setting.value, setting.value_name, setting.help);
  options.flag("--fast", fast_, "simulated time: a tick after the other, without sleeping");
}

ShopConfig LifeOptions::read(const Context& context, const std::string& file) const {
  const auto path = file.empty() ? std::nullopt : std::optional<std::filesystem::path>(file);
  ShopConfig config = read_shop_config(path, process_environment);
  if (fast_) config.fast = true;
  if (context.terminal.options().verbose) config.log_level = LogLevel::Debug;
  for (const Setting& setting : settings_)
    if (!setting.value.empty()) apply(setting, config);
  return config;
}

void LifeOptions::apply(const Setting& setting, ShopConfig& config) {
  const auto known = std::ranges::find(shop_settings(), setting.name, &ShopSetting::name);
  try {
    known->set(config, setting.value);
  } catch (const Error& error) {
    throw Error(ErrorKind::Usage, fmt::format("`{}`: {}", setting.option, error.message())).hint(error.hint());
  }
}

void PlaceOptions::add(Options& options) {
  options.texts("--connection", connections_, "NAME", "only into these connections");
  options.texts("--to", to_, "URL",
                fmt::format("into this database, without a project: postgresql://user@host/{}",
                            what_ == "shop" ? "branch_1" : what_));
}

std::vector<Connection> PlaceOptions::find(Context& context) const {
  std::vector<Connection> found;
  for (const std::string& text : to_) {
    context.secrets.add(text);
    found.push_back(shop_at(text, what_ == "shop" ? "a shop" : what_));
  }
  if (to_.empty() || !connections_.empty()) {
    const Project project = open_project(context);
    for (const std::string& name : names(project)) found.push_back(find_connection(project, name));
  }
  std::set<std::string> seen;
  for (const Connection& place : found)
    if (!seen.insert(place.name).second)
      throw Error(ErrorKind::Usage,
                  fmt::format("two {}s are called `{}`", what_ == "shop" ? "shop" : "place", place.name))
          .hint("give one of them another name: `--to branch_2=URL`");
  return found;
}

// Those asked for; else those of the source of that name; else every SQLite file.
std::vector<std::string> PlaceOptions::names(const Project& project) const {
  if (!connections_.empty()) return connections_;
  std::vector<std::string> found;
  if (const auto source = project.sources.find(what_); source != project.sources.end()) {
    for (const LocatedText& name : source->second.from) found.push_back(*name);
    return found;
  }
  for (const auto& [name, connection] : project.connections)
    if (connection.kind == "sqlite") found.push_back(name);
  if (found.empty())
    throw Error(ErrorKind::Usage,
                fmt::format("the project has no connection that {} can live in", what_ == "shop" ? "a shop" : what_))
        .hint("add one to lochan.yaml, `connections: {branch_1: sqlite:./data/branch_1.db}`, or give `--to URL`");
  return found;
}

}  // namespace lochan
