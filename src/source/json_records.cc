// The records somewhere within a JSON file, a line each, by simdjson: numbers keep their digits.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>

#include "base/temporary_folder.h"
#include "base/text.h"
#include "source/byte_stream.h"
#include "source/record_text.h"

namespace lochan {
namespace {

namespace ondemand = simdjson::ondemand;

std::string read_whole(const std::filesystem::path& file, bool& is_broken) {
  ByteStream bytes(file);
  std::string text;
  std::string buffer(1u << 20, '\0');
  for (std::size_t size = 0; (size = bytes.read(buffer.data(), buffer.size())) > 0;) text.append(buffer.data(), size);
  is_broken = bytes.is_broken();
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

class JsonRecords {
 public:
  JsonRecords(std::string name, const std::string& records, const std::filesystem::path& copy)
      : name_(std::move(name)), records_(records), copy_(copy), out_(copy, std::ios::binary) {}

  RecordText run(const simdjson::padded_string& text) {
    try {
      ondemand::parser parser;
      ondemand::document document = parser.iterate(text);
      ondemand::value at = document.get_value();
      for (const std::string& key : text::split(records_, '.')) {
        ondemand::object object;
        if (at.get_object().get(object) != simdjson::SUCCESS || object[key].get(at) != simdjson::SUCCESS)
          return refused_whole(fmt::format("it has no `{}`: `{}` isn't there", records_, key));
      }
      take(at);
    } catch (const simdjson::simdjson_error& error) {
      const std::string why = fmt::format("it is no sound JSON: {}", error.what());
      if (result_.records == 0) return refused_whole(why);
      result_.refused.push_back({"", "from here on " + why, fmt::format("{}:{}", name_, result_.records + 1)});
    }
    out_.close();
    if (!out_) throw_not_written(copy_);
    return std::move(result_);
  }

 private:
  static RecordText refused_whole(std::string why) { return RecordText{std::move(why), {}, 0}; }

  void take(ondemand::value& at) {
    if (at.type() == ondemand::json_type::object) return write(at);
    for (auto element : at.get_array()) {
      ondemand::value value = element.value();
      if (value.type() == ondemand::json_type::object)
        write(value);
      else
        refuse(value);
    }
  }

  static std::string line_of(ondemand::value& value) {
    std::string line(std::string_view(simdjson::to_json_string(value)));
    std::ranges::replace_if(line, [](char letter) { return letter == '\n' || letter == '\r'; }, ' ');
    return line;
  }

  void write(ondemand::value& value) {
    out_ << line_of(value) << '\n';
    ++result_.records;
  }

  void refuse(ondemand::value& value) {
    const std::string line = line_of(value);
    result_.refused.push_back({line, "it is no JSON object", fmt::format("{}:{}", name_, result_.records + 1)});
  }

  const std::string name_;
  const std::string records_;
  const std::filesystem::path copy_;
  std::ofstream out_;
  RecordText result_;
};

}  // namespace

RecordText write_json_records(const std::filesystem::path& file, const std::string& name, const std::string& records,
                              const std::filesystem::path& copy) {
  bool is_broken = false;
  const simdjson::padded_string text(read_whole(file, is_broken));
  if (is_broken) return {"it is cut off or damaged: it can't be unpacked to its end", {}, 0};
  return JsonRecords(name, records, copy).run(text);
}

}  // namespace lochan
