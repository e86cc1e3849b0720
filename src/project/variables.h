// `${VAR}`, `${VAR:-default}` and `${file:path}` in values: looked up in the environment, then in `.env`.
// What is put in is a secret, but for keys such as `cron`: masked wherever text is shown. `$${` writes a plain `${`.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"
#include "project/problems.h"

namespace lochan {

/// `.env`: `NAME=value` a line, `export` before it, `#` comments, 'single' and "double" quotes, over lines too.
std::map<std::string, std::string> read_dot_env(std::string_view text, const std::string& file, Problems& problems);

class Variables {
 public:
  using Environment = std::function<std::optional<std::string>(const std::string& name)>;

  /// `folder` is where the paths of `${file:path}` begin. The environment wins over `.env`.
  Variables(Environment environment, std::map<std::string, std::string> dot_env, std::filesystem::path folder,
            Secrets& secrets)
      : environment_(std::move(environment)),
        dot_env_(std::move(dot_env)),
        folder_(std::move(folder)),
        secrets_(secrets) {}

  /// The text with its variables put in. Nothing when one is missing or broken: then a problem says which. What is put
  /// in is a secret from then on, unless it is no secret.
  std::optional<std::string> expand(std::string_view text, const Position& position, Problems& problems,
                                    bool is_secret = true) const;

 private:
  std::optional<std::string> expand_one(std::string_view inside, const Position& position, Problems& problems,
                                        bool is_secret) const;
  std::optional<std::string> read_text_file(std::string_view path, const Position& position, Problems& problems,
                                            bool is_secret) const;
  std::optional<std::string> look_up(const std::string& name) const;

  Environment environment_;
  std::map<std::string, std::string> dot_env_;
  std::filesystem::path folder_;
  Secrets& secrets_;
};

/// The process's own environment.
std::optional<std::string> environment_variable(const std::string& name);

/// Whether a value's text names a variable, so that its type shows only once it is put in.
bool has_variable(std::string_view text);

}  // namespace lochan
