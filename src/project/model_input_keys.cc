// The keys of an input of an incremental model by time, and of the mapping `inputs` that names them.
#include <fmt/format.h>

#include "project/file_keys.h"

namespace lochan {
namespace {

constexpr std::string_view kWanted =
    "say by which column it is read, `time: sold_at`, or that it only looks up, `keep: true`";

Keys<ModelInput> make_model_input_keys() {
  Keys<ModelInput> keys(
      "model_input", "An input of an incremental model by time, in `inputs` of a model",
      "How one of the tables that the model reads is looked through for rows that came late. A column alone "
      "is its `time`. A table that is not named here makes the model build all its intervals again when it "
      "moves.");
  keys.add("time", &ModelInput::time, "its column that says which interval a row belongs to")
      .add("lookback", &ModelInput::lookback,
           "so much before new rows is built again too, as for a session that began earlier")
      .add({.name = "keep",
            .type = {.shape = ValueType::Shape::Flag},
            .default_text = "false",
            .help = "`true`, without `time`: when it moves, intervals that are built stay as they are"},
           [](ValueReader& reader, const YamlValue& value, ModelInput&) {
             if (const auto text = reader.read_scalar(value, "keep", {.shape = ValueType::Shape::Flag});
                 text == "false")
               reader.problems().add(value.position, "`keep: false` says nothing", std::string(kWanted));
           });
  return keys;
}

bool writes(const YamlValue& value, std::string_view key) {
  for (const YamlEntry& entry : value.entries)
    if (entry.key == key) return true;
  return false;
}

}  // namespace

const Keys<ModelInput>& model_input_keys() {
  static const Keys<ModelInput> kKeys = make_model_input_keys();
  return kKeys;
}

Key model_inputs_key() {
  Key key{.name = "inputs",
          .type = {.shape = ValueType::Shape::Text, .count = ValueType::Count::Named},
          .help = "incremental by time: the tables it reads, each with its column of time: `staging.sale: sold_at`"};
  key.type.keys = &model_input_keys().table();
  return key;
}

std::vector<ModelInput> read_model_inputs(ValueReader& reader, const YamlValue& value) {
  std::vector<ModelInput> inputs;
  const Key key = model_inputs_key();
  if (value.kind != YamlValue::Kind::Mapping) {
    reader.add_wrong_type(value, key.name, key.type);
    return inputs;
  }
  for (const YamlEntry& entry : value.entries) {
    ModelInput input;
    input.table = {entry.key, entry.position};
    const std::size_t before = reader.problems().size();
    if (entry.value.kind == YamlValue::Kind::Mapping) {
      model_input_keys().read(reader, entry.value, input);
      if (reader.problems().size() == before && writes(entry.value, "time") == writes(entry.value, "keep"))
        reader.problems().add(
            entry.position,
            fmt::format("`{}` in `inputs` wants `time` or `keep`, one of them", cut_text(entry.key, 64)),
            std::string(kWanted));
    } else if (auto text = reader.read_scalar(entry.value, entry.key, {})) {
      input.time = {std::move(*text), entry.value.position};
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace lochan
