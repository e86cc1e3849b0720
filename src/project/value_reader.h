// Reads YAML values as the types that key tables ask for; what is wrong becomes a problem at the value's place.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/key_table.h"
#include "project/problems.h"
#include "project/project.h"
#include "project/variables.h"
#include "project/yaml_reader.h"

namespace lochan {

class ValueReader {
 public:
  ValueReader(const Variables& variables, Problems& problems, std::filesystem::path folder)
      : variables_(variables), problems_(problems), folder_(std::move(folder)) {}

  Problems& problems() { return problems_; }
  /// The project's folder, absolute.
  const std::filesystem::path& folder() const { return folder_; }

  /// The text of one value that is what `type` asks for, variables put in. `key` is named in problems.
  std::optional<std::string> read_scalar(const YamlValue& value, std::string_view key, const ValueType& type);
  /// The texts of a list, or of a value alone where the type allows it.
  std::vector<LocatedText> read_list(const YamlValue& value, std::string_view key, const ValueType& type);
  /// Calls `read` for each entry of a mapping of names; a name must be a plain word.
  void read_named(const YamlValue& value, std::string_view key, const ValueType& type,
                  const std::function<void(const YamlEntry&)>& read);
  /// Calls `read` with the row of each known key; unknown and missing keys become problems. A null is an empty mapping.
  void read_mapping(const YamlValue& value, const KeyTable& table,
                    const std::function<void(std::size_t row, const YamlEntry&)>& read);

  void add_wrong_type(const YamlValue& value, std::string_view key, const ValueType& type);

 private:
  bool may_begin(const YamlValue& value, const ValueType& type) const;

  const Variables& variables_;
  Problems& problems_;
  std::filesystem::path folder_;
};

}  // namespace lochan
