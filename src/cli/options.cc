#include "cli/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace lochan {
namespace {

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Options& Options::flag(const std::string& names, bool& value, const std::string& help) {
  app_.add_flag(names, value, help);
  return *this;
}

Options& Options::text(const std::string& names, std::string& value, const std::string& value_name,
                       const std::string& help) {
  app_.add_option(names, value, help)->type_name(value_name)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  return *this;
}

Options& Options::texts(const std::string& names, std::vector<std::string>& values, const std::string& value_name,
                        const std::string& help) {
  app_.add_option(names, values, help)->type_name(value_name);
  return *this;
}

Options& Options::number(const std::string& names, std::optional<std::int64_t>& value, const std::string& value_name,
                         const std::string& help) {
  const auto read = [&value](const std::string& given) { value = parse_number(given); };
  const auto is_number = [](const std::string& given) -> std::string {
    return parse_number(given) ? "" : fmt::format("`{}` is not a whole number", given);
  };
  app_.add_option_function<std::string>(names, read, help)->type_name(value_name)->check(is_number);
  return *this;
}

Options& Options::choice(const std::string& names, std::string& value, const std::vector<std::string>& words,
                         const std::string& help) {
  const auto is_known = [words](const std::string& given) -> std::string {
    if (std::ranges::find(words, given) != words.end()) return "";
    return fmt::format("`{}` is not one of {}", given, fmt::join(words, ", "));
  };
  app_.add_option(names, value, help)->type_name(fmt::format("{}", fmt::join(words, "|")))->check(is_known);
  return *this;
}

Options& Options::argument(const std::string& name, std::string& value, const std::string& help, bool required) {
  app_.add_option(name, value, help)->required(required)->type_name("");
  return *this;
}

Options& Options::arguments(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  app_.add_option(name, values, help)->type_name("");
  return *this;
}

Options Options::command(const std::string& name, const std::string& help, bool& chosen) {
  CLI::App* command = app_.add_subcommand(name, help);
  command->fallthrough();
  command->callback([&chosen] { chosen = true; });
  app_.require_subcommand(0, 1);
  return Options(*command);
}

void OutputOption::add(Options& options) {
  options.choice("-o,--output", format, {"text", "json"}, "for a person, or one JSON document");
}

void SelectOption::add(Options& options) {
  options.texts("-s,--select", select, "SELECTOR",
                "only these: mart.sales, +a, a+, tag:x, source:y, sink:w, command:v, layer:z, state:modified, result:error");
  options.texts("--exclude", exclude, "SELECTOR", "but not these");
}

}  // namespace lochan
