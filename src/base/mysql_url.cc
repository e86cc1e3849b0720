#include "base/mysql_url.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

class UrlReader {
 public:
  explicit UrlReader(const std::string& name) : name_(name) {}

  MysqlSettings read(std::string_view url) {
    const auto start = url.find("://");
    if (start == std::string_view::npos) throw wrong("it has no `://`");
    std::string_view rest = url.substr(start + 3);
    const auto question = rest.find('?');
    if (question != std::string_view::npos) read_options(rest.substr(question + 1));
    rest = rest.substr(0, question);
    const auto slash = rest.find('/');
    if (slash != std::string_view::npos) settings_.database = decoded(rest.substr(slash + 1));
    read_authority(rest.substr(0, slash));
    return std::move(settings_);
  }

 private:
  Error wrong(const std::string& what) const {
    return Error(ErrorKind::Data, fmt::format("connection `{}`: its URL can't be read: {}", name_, what))
        .hint(
            "write `mysql://user:password@host:port/database?ssl-mode=required`; letters such as `@`, `/`, `%` in a "
            "part are "
            "written %40, %2F, %25");
  }

  std::string decoded(std::string_view text) const {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        result += text[i];
        continue;
      }
      const std::string_view digits = text.substr(i + 1, 2);
      unsigned letter = 0;
      if (digits.size() < 2 || std::from_chars(digits.data(), digits.data() + 2, letter, 16).ptr != digits.data() + 2)
        throw wrong("a `%` is not followed by two digits");
      result += static_cast<char>(letter);
      i += 2;
    }
    return result;
  }

  void read_authority(std::string_view text) {
    // A password may hold an `@` that should have been written as %40.
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
      const std::string_view who = text.substr(0, at);
      const auto colon = who.find(':');
      settings_.user = decoded(who.substr(0, colon));
      if (colon != std::string_view::npos) settings_.password = decoded(who.substr(colon + 1));
      text = text.substr(at + 1);
    }
    std::string_view host = text, port;
    if (text.starts_with('[')) {
      const auto end = text.find(']');
      if (end == std::string_view::npos) throw wrong("a `[` has no `]`");
      host = text.substr(1, end - 1);
      port = text.substr(end + 1);
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
      host = text.substr(0, colon);
      port = text.substr(colon);
    }
    if (!host.empty()) settings_.host = decoded(host);
    if (!port.empty()) settings_.port = read_port(port.substr(1));
  }

  unsigned read_port(std::string_view text) const {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535)
      throw wrong("the port is no number from 1 to 65535");
    return port;
  }

  void read_options(std::string_view text) {
    for (const std::string& option : text::split(text, '&')) {
      if (option.empty()) continue;
      const auto equals = option.find('=');
      const std::string key = option.substr(0, equals);
      const std::string value = equals == std::string::npos ? "" : decoded(std::string_view(option).substr(equals + 1));
      if (key == "ssl-mode") {
        settings_.tls = read_mode(value);
      } else if (std::string* text_option = find_text(key)) {
        *text_option = value;
      } else {
        const std::vector<std::string> keys = {"ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket"};
        throw Error(ErrorKind::Data, fmt::format("connection `{}`: its URL has an unknown option `{}`", name_, key))
            .hint(text::did_you_mean(key, keys, "there are ssl-mode, ssl-ca, ssl-cert, ssl-key and socket"));
      }
    }
  }

  std::string* find_text(std::string_view key) {
    if (key == "ssl-ca") return &settings_.ca;
    if (key == "ssl-cert") return &settings_.cert;
    if (key == "ssl-key") return &settings_.key;
    if (key == "socket") return &settings_.socket;
    return nullptr;
  }

  MysqlTls read_mode(const std::string& value) const {
    std::string word = text::lower(value);
    for (char& letter : word)
      if (letter == '_') letter = '-';
    constexpr std::array<std::pair<std::string_view, MysqlTls>, 4> kModes = {
        {{"disabled", MysqlTls::Disabled},
         {"preferred", MysqlTls::Preferred},
         {"required", MysqlTls::Required},
         {"verify-identity", MysqlTls::VerifyIdentity}}};
    for (const auto& [name, mode] : kModes)
      if (name == word) return mode;
    throw Error(ErrorKind::Data, fmt::format("connection `{}`: its URL has `ssl-mode={}`, which is none", name_, value))
        .hint("there are disabled, preferred, required and verify-identity");
  }

  const std::string& name_;
  MysqlSettings settings_;
};

}  // namespace

MysqlSettings parse_mysql_url(const std::string& url, const std::string& name) { return UrlReader(name).read(url); }

}  // namespace lochan
