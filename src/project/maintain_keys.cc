// The keys of `maintain` in lochan.yaml.
#include <fmt/format.h>

#include "project/file_keys.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;

void read_budget(ValueReader& reader, const YamlValue& value, MaintainConfig& config) {
  if (const auto text = reader.read_scalar(value, "budget", {.shape = Shape::Size}))
    config.budget_bytes = parse_size(*text).value_or(0);
}

void read_target(ValueReader& reader, const YamlValue& value, MaintainConfig& config) {
  const auto text = reader.read_scalar(value, "target", {.shape = Shape::Size});
  const std::uint64_t bytes = text ? parse_size(*text).value_or(0) : config.target_bytes;
  if (bytes == 0)
    reader.problems().add(value.position, fmt::format("`target` is {}, wanted more than nothing", describe_found(value)));
  else
    config.target_bytes = bytes;
}

// `5%`, or 0.05.
void read_ratio(ValueReader& reader, const YamlValue& value, MaintainConfig& config) {
  const auto text = reader.read_scalar(value, "delete_ratio", {.shape = Shape::Literal});
  if (!text) return;
  const bool is_share = text->ends_with('%');
  const auto number = parse_number(is_share ? text->substr(0, text->size() - 1) : *text);
  const double ratio = number.value_or(0) / (is_share ? 100 : 1);
  if (ratio > 0 && ratio <= 1)
    config.delete_ratio = ratio;
  else
    reader.problems().add(value.position, fmt::format("`delete_ratio` is {}, wanted a share of a table's rows such as "
                                                      "`5%`", describe_found(value)));
}

}  // namespace

const Keys<MaintainConfig>& maintain_keys() {
  static const Keys<MaintainConfig> kKeys =
      Keys<MaintainConfig>("maintain", "`maintain`", "How the lake is tended. Layers that are immutable are left alone.")
          .add({.name = "target",
                .type = {.shape = Shape::Size},
                .default_text = "128MiB",
                .help = "of a data file: small files of a partition are joined up to it"},
               read_target)
          .add({.name = "delete_ratio",
                .type = {.shape = Shape::Literal},
                .default_text = "5%",
                .help = "of a file's rows are deleted ones: from then on it is written anew"},
               read_ratio)
          .add({.name = "budget",
                .type = {.shape = Shape::Size},
                .help = "bytes read and written at most in one go; by default as many as are needed"},
               read_budget);
  return kKeys;
}

}  // namespace lochan
