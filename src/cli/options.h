// The options and arguments of one command, over CLI11, so that one file pays for its headers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lochan {

/// Values are written to the variables given, which must outlive the parse.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(app) {}

  /// `names`: "-q,--quiet".
  Options& flag(const std::string& names, bool& value, const std::string& help);
  /// `value_name` stands for the value in help: "DIR".
  Options& text(const std::string& names, std::string& value, const std::string& value_name, const std::string& help);
  /// Repeated, or several words after one name.
  Options& texts(const std::string& names, std::vector<std::string>& values, const std::string& value_name,
                 const std::string& help);
  Options& number(const std::string& names, std::optional<std::int64_t>& value, const std::string& value_name,
                  const std::string& help);
  /// One of a few words.
  Options& choice(const std::string& names, std::string& value, const std::vector<std::string>& words,
                  const std::string& help);
  /// A word without a name, told by its place.
  Options& argument(const std::string& name, std::string& value, const std::string& help, bool required);
  Options& arguments(const std::string& name, std::vector<std::string>& values, const std::string& help);

  /// A command of this command (`branch create`); `chosen` becomes true when it is named.
  Options command(const std::string& name, const std::string& help, bool& chosen);

 private:
  CLI::App& app_;
};

/// `--output text|json`, which most commands have.
struct OutputOption {
  std::string format = "text";
  void add(Options& options);
  bool is_json() const { return format == "json"; }
};

/// `--select` and `--exclude`.
struct SelectOption {
  std::vector<std::string> select;
  std::vector<std::string> exclude;
  void add(Options& options);
};

}  // namespace lochan
