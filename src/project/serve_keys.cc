// The keys of `serve` in lochan.yaml.
#include <fmt/format.h>

#include "project/file_keys.h"

namespace lochan {
namespace {

constexpr std::int64_t kHighestPort = 65'535;
constexpr std::size_t kShortestToken = 8;

void read_port(ValueReader& reader, const YamlValue& value, ServeConfig& serve) {
  const auto text = reader.read_scalar(value, "port", {.shape = ValueType::Shape::Integer, .least = 0});
  const auto port = text ? parse_integer(*text) : std::nullopt;
  if (!port) return;
  if (*port > kHighestPort)
    reader.problems().add(value.position, fmt::format("`port` is {}, wanted at most {}", *port, kHighestPort));
  else
    serve.port = static_cast<int>(*port);
}

/// `${LOCHAN_TOKEN:-}` is none where the variable isn't set.
void read_token(ValueReader& reader, const YamlValue& value, ServeConfig& serve) {
  auto text = reader.read_scalar(value, "token", {.shape = ValueType::Shape::Literal});
  if (!text || text->empty()) return;
  if (text->size() < kShortestToken)
    reader.problems().add(value.position, fmt::format("`token` has {} letters, wanted at least {}", text->size(),
                                                      kShortestToken),
                          "make one with `openssl rand -hex 32`");
  else
    serve.token = LocatedText{std::move(*text), value.position};
}

}  // namespace

const Keys<ServeConfig>& serve_keys() {
  static const Keys<ServeConfig> kKeys =
      Keys<ServeConfig>("serve", "`serve`", "One address for all that others ask of the lake: `lochan serve`.")
          .add("address", &ServeConfig::address, "the IP address to listen on")
          .add({.name = "port",
                .type = {.shape = ValueType::Shape::Integer, .least = 0},
                .default_text = std::to_string(ServeConfig{}.port),
                .help = "the port to listen on; 0: a free one"},
               read_port)
          .add({.name = "token",
                .type = {.shape = ValueType::Shape::Literal},
                .help = "what clients must bear; without one only an address of this machine may be listened on"},
               read_token)
          .add("runs", &ServeConfig::runs, "runs of schedules that go on at once; more wait for their turn", {.least = 1});
  return kKeys;
}

}  // namespace lochan
