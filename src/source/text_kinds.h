// What the texts of a column could be read as: XML has nothing but texts.
#pragma once

#include <string>
#include <string_view>

namespace lochan {

/// What all values of a column could be read as, and would be written as again; dates and times as ISO 8601 has them.
/// Null says nothing.
struct TextKinds {
  bool whole = true, number = true, boolean = true;
  bool date = true, time = true, timestamp = true, uuid = true;
  bool has_any = false;
  bool has_offset = false;  // a timestamp with one, such as `+02:00`

  void take(std::string_view value);
  void take(const TextKinds& others);
  /// The engine's name of it; "": text.
  std::string_view type() const;
};

/// A column of a file's records.
struct TextColumn {
  std::string name;
  TextKinds kinds;
};

}  // namespace lochan
