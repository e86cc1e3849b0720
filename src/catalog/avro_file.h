// An Avro object container file (Avro 1.11, "Object Container Files"), which Iceberg's manifests and their lists are.
// Read and written whole: they are small. DuckDB can write such files too, but with every field optional.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"

namespace lochan {

struct AvroHeader {
  Json schema;
  std::map<std::string, std::string> metadata;  // without `avro.schema` and `avro.codec`
};

/// Calls `found` with each record: bytes are Json's binary, a union is the value itself. Codecs: null, deflate. Throws
/// Error{Data} for what is no such file.
AvroHeader read_avro(std::string_view file, const std::function<void(const AvroHeader&, Json record)>& found);

/// A record in Avro's binary encoding, by `schema`. Throws Error{Internal} for a value that isn't of its type.
std::string encode_avro(const Json& schema, const Json& record);

/// A whole file, uncompressed, of records that are encoded already.
std::string write_avro(const AvroHeader& header, std::span<const std::string> encoded);

}  // namespace lochan
