#include "catalog/avro_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "base/hash.h"

namespace lochan {
namespace {

constexpr std::string_view kMagic{"Obj\1", 4};
constexpr std::size_t kSyncBytes = 16;
constexpr int kMaxDepth = 64;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::Data, fmt::format("an Avro file is broken: {}", what));
}

/// The records, arrays and the like that a schema names, which it may name again.
using NamedTypes = std::map<std::string, const Json*>;

const Json& resolve(const Json& schema, NamedTypes& named) {
  if (schema.is_string()) {
    const auto found = named.find(schema.get_ref<const std::string&>());
    return found == named.end() ? schema : *found->second;
  }
  if (schema.is_object() && schema.contains("name")) named.emplace(schema["name"].get<std::string>(), &schema);
  return schema;
}

std::string type_of(const Json& schema) {
  if (schema.is_string()) return schema.get<std::string>();
  if (schema.is_array()) return "union";
  if (!schema.is_object() || !schema.contains("type")) refuse("a type without a name");
  const Json& type = schema["type"];
  if (!type.is_string()) return "nested";  // {"type": {"type": "int"}}
  return type.get<std::string>();
}

class Decoder {
 public:
  Decoder(std::string_view bytes, NamedTypes& named) : bytes_(bytes), named_(named) {}

  bool is_at_end() const { return at_ == bytes_.size(); }

  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_) refuse("it ends too early");
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }

  std::int64_t number() {
    std::uint64_t zigzag = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      zigzag |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80U) == 0) return static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
    }
    refuse("a number of more than 64 bits");
  }

  std::string_view text() {
    const std::int64_t size = number();
    if (size < 0) refuse("a text of negative length");
    return take(static_cast<std::size_t>(size));
  }

  Json value(const Json& written, int depth) {
    if (depth > kMaxDepth) refuse("a type that is nested too deeply");
    const Json& schema = resolve(written, named_);
    const std::string type = type_of(schema);
    if (type == "nested") return value(schema["type"], depth + 1);
    if (type == "union") {
      const std::int64_t branch = number();
      if (branch < 0 || static_cast<std::size_t>(branch) >= schema.size()) refuse("a union without such a branch");
      return value(schema[static_cast<std::size_t>(branch)], depth + 1);
    }
    if (type == "record") return record(schema, depth);
    if (type == "array") return items(schema.at("items"), false, depth);
    if (type == "map") return items(schema.at("values"), true, depth);
    if (type == "fixed") return binary(take(schema.at("size").get<std::size_t>()));
    return plain(type);
  }

 private:
  Json record(const Json& schema, int depth) {
    Json record = Json::object();
    for (const Json& field : schema.at("fields"))
      record[field.at("name").get<std::string>()] = value(field.at("type"), depth + 1);
    return record;
  }

  // Blocks: a count, items; a negative count is followed by the block's size in bytes.
  Json items(const Json& type, bool has_keys, int depth) {
    Json items = has_keys ? Json::object() : Json::array();
    for (std::int64_t count = number(); count != 0; count = number()) {
      if (count < 0) {
        number();
        count = -count;
      }
      if (static_cast<std::uint64_t>(count) > bytes_.size()) refuse("an array longer than the file");
      for (; count > 0; --count) {
        if (has_keys) {
          const std::string key(text());
          items[key] = value(type, depth + 1);
        } else {
          items.push_back(value(type, depth + 1));
        }
      }
    }
    return items;
  }

  static Json binary(std::string_view bytes) {
    return Json::binary(std::vector<std::uint8_t>(bytes.begin(), bytes.end()));
  }

  Json plain(const std::string& type) {
    if (type == "null") return nullptr;
    if (type == "boolean") return take(1)[0] != 0;
    if (type == "int" || type == "long" || type == "enum") return number();
    if (type == "string") return std::string(text());
    if (type == "bytes") return binary(text());
    if (type == "float") return double{std::bit_cast<float>(fixed<std::uint32_t>())};
    if (type == "double") return std::bit_cast<double>(fixed<std::uint64_t>());
    refuse(fmt::format("the type `{}` is unknown", type));
  }

  template <typename Integer>
  Integer fixed() {
    Integer value = 0;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view bytes_;
  NamedTypes& named_;
  std::size_t at_ = 0;
};

class Encoder {
 public:
  void number(std::int64_t value) {
    auto zigzag = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    for (; zigzag >= 0x80; zigzag >>= 7) out_ += static_cast<char>((zigzag & 0x7F) | 0x80);
    out_ += static_cast<char>(zigzag);
  }

  void text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    out_ += value;
  }

  void value(const Json& written, const Json& value) {
    const Json& schema = resolve(written, named_);
    const std::string type = type_of(schema);
    if (type == "nested") return this->value(schema["type"], value);
    if (type == "union") return branch(schema, value);
    if (type == "record") {
      for (const Json& field : schema.at("fields")) {
        const auto found = value.find(field.at("name").get<std::string>());
        this->value(field.at("type"), found == value.end() ? kNull : *found);
      }
    } else if (type == "array") {
      items(schema.at("items"), value, false);
    } else if (type == "map") {
      items(schema.at("values"), value, true);
    } else {
      plain(type, value);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static inline const Json kNull = nullptr;

  // Iceberg's unions are of null and one more type.
  void branch(const Json& schema, const Json& value) {
    for (std::size_t i = 0; i < schema.size(); ++i) {
      if ((schema[i] == "null") != value.is_null()) continue;
      number(static_cast<std::int64_t>(i));
      return this->value(schema[i], value);
    }
    throw Error(ErrorKind::Internal, fmt::format("no branch of {} takes {}", schema.dump(), value.dump()));
  }

  void items(const Json& type, const Json& list, bool has_keys) {
    if (!list.empty()) number(static_cast<std::int64_t>(list.size()));
    for (const auto& [key, item] : list.items()) {
      if (has_keys) text(key);
      value(type, item);
    }
    number(0);
  }

  void plain(const std::string& type, const Json& value) {
    if (type == "null") return;
    if (type == "boolean") {
      out_ += value.get<bool>() ? '\1' : '\0';
    } else if (type == "int" || type == "long" || type == "enum") {
      number(value.get<std::int64_t>());
    } else if (type == "string") {
      text(value.get_ref<const std::string&>());
    } else if (type == "bytes" || type == "fixed") {
      const Json::binary_t& bytes = value.get_binary();
      if (type == "bytes") number(static_cast<std::int64_t>(bytes.size()));
      out_.append(bytes.begin(), bytes.end());
    } else if (type == "float") {
      fixed(std::bit_cast<std::uint32_t>(value.get<float>()));
    } else {
      fixed(std::bit_cast<std::uint64_t>(value.get<double>()));
    }
  }

  template <typename Integer>
  void fixed(Integer value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::string out_;
  NamedTypes named_;
};

std::string inflate_raw(std::string_view packed) {
  z_stream stream{};
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw Error(ErrorKind::Internal, "zlib can't be started");
  std::string plain;
  char buffer[16384];
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    result = ::inflate(&stream, Z_NO_FLUSH);
    plain.append(buffer, sizeof buffer - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (result != Z_STREAM_END) refuse("a block that can't be unpacked");
  return plain;
}

// Of the file's head: a map of names to bytes.
AvroHeader read_header(Decoder& file, std::string& codec) {
  if (file.take(kMagic.size()) != kMagic) refuse("it doesn't begin as one");
  AvroHeader header;
  for (std::int64_t count = file.number(); count != 0; count = file.number()) {
    if (count < 0) {
      file.number();
      count = -count;
    }
    for (; count > 0; --count) {
      const std::string key(file.text());
      const std::string value(file.text());
      if (key == "avro.schema") {
        header.schema = Json::parse(value);
      } else if (key == "avro.codec") {
        codec = value;
      } else {
        header.metadata[key] = value;
      }
    }
  }
  if (codec != "null" && codec != "deflate") refuse(fmt::format("the codec `{}` is unknown", codec));
  return header;
}

AvroHeader read(std::string_view bytes, const std::function<void(const AvroHeader&, Json record)>& found) {
  NamedTypes named;
  Decoder file(bytes, named);
  std::string codec = "null";
  const AvroHeader header = read_header(file, codec);
  const std::string_view sync = file.take(kSyncBytes);
  while (!file.is_at_end()) {
    std::int64_t count = file.number();
    std::string unpacked;
    std::string_view block = file.text();
    if (codec == "deflate") block = unpacked = inflate_raw(block);
    Decoder records(block, named);
    for (; count > 0; --count) found(header, records.value(header.schema, 0));
    if (!records.is_at_end()) refuse("a block is longer than its records");
    if (file.take(kSyncBytes) != sync) refuse("a block without its mark");
  }
  return header;
}

}  // namespace

AvroHeader read_avro(std::string_view file, const std::function<void(const AvroHeader&, Json record)>& found) {
  try {
    return read(file, found);
  } catch (const Json::exception& failure) {
    refuse(failure.what());
  }
}

std::string encode_avro(const Json& schema, const Json& record) {
  try {
    Encoder encoder;
    encoder.value(schema, record);
    return encoder.take();
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Internal, fmt::format("a value doesn't fit its Avro type: {}", failure.what()));
  }
}

std::string write_avro(const AvroHeader& header, std::span<const std::string> encoded) {
  Encoder head;
  head.number(static_cast<std::int64_t>(header.metadata.size() + 2));
  head.text("avro.schema");
  head.text(header.schema.dump());
  head.text("avro.codec");
  head.text("null");
  for (const auto& [key, value] : header.metadata) {
    head.text(key);
    head.text(value);
  }
  head.number(0);
  const std::string sync = random_uuid().substr(0, kSyncBytes);
  std::string file = std::string(kMagic) + head.take() + sync;
  if (encoded.empty()) return file;
  Encoder block;
  std::size_t size = 0;
  for (const std::string& record : encoded) size += record.size();
  block.number(static_cast<std::int64_t>(encoded.size()));
  block.number(static_cast<std::int64_t>(size));
  file += block.take();
  file.reserve(file.size() + size + sync.size());
  for (const std::string& record : encoded) file += record;
  return file + sync;
}

}  // namespace lochan
