// Formats that the engine doesn't read by itself, made into lines of JSON or CSV that it does.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/rejected_rows.h"
#include "project/column.h"
#include "project/project.h"
#include "source/text_kinds.h"

namespace lochan {

/// What became of a file: records in the copy, those that are refused, or none at all.
struct RecordText {
  std::string refusal{};                   // why nothing of it can be read; "" when something can
  std::vector<Refused::Record> refused{};  // the rest of a file that is broken in the middle
  std::int64_t records = 0;
  std::vector<TextColumn> columns{};  // XML: all that there are, and what their values are
};

/// Each element of that name, or at the end of that path (`shop/orders/order`), as a line of JSON: attributes and
/// children by their names, the text of an element with attributes as `_text`; what is nested as JSON text, what comes
/// several times as a list of it. Read as a stream: of any size.
RecordText write_xml_records(const std::filesystem::path& file, const std::string& name, const std::string& records,
                             const std::filesystem::path& copy);

/// The objects of the list at `records` (`data.items`), or the one that is there, as they are written, a line each. The
/// file is held in memory.
RecordText write_json_records(const std::filesystem::path& file, const std::string& name, const std::string& records,
                              const std::filesystem::path& copy);

/// A sheet as CSV with a header: dates as ISO 8601 has them. `wanted` are types that are known already.
RecordText write_sheet(Session& session, const std::filesystem::path& file, const SourceTable& table,
                       std::span<const Column> wanted, const std::filesystem::path& copy);

}  // namespace lochan
