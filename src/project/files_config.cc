#include "project/files_config.h"

#include <iconv.h>

#include <cerrno>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/text.h"

namespace lochan {

FilesPlace files_place(const Connection& connection) {
  if (connection.location.starts_with("s3://")) return FilesPlace::Bucket;
  const bool is_web = connection.location.starts_with("http://") || connection.location.starts_with("https://");
  return is_web ? FilesPlace::Web : FilesPlace::Folder;
}

std::string file_format_word(const SourceTable& table, const std::string& name) {
  if (const auto written = table.options.find("format"); written != table.options.end()) return written->second;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kEndings = {{{".csv", "csv"}, {".tsv", "csv"}, {".txt", "csv"}, {".json", "json"},
                                                                                      {".jsonl", "json"}, {".ndjson", "json"}, {".xml", "xml"},
                                                                                      {".parquet", "parquet"}, {".xlsx", "excel"}}};
  std::filesystem::path path(text::lower(name));
  if (path.extension() == ".gz" || path.extension() == ".zst") path.replace_extension();
  for (const auto& [ending, format] : kEndings)
    if (path.extension() == ending) return std::string(format);
  return {};
}

bool is_encoding(const std::string& name) {
  if (name == "latin-1") return true;
  const iconv_t opened = iconv_open("UTF-8", name.c_str());
  if (opened == reinterpret_cast<iconv_t>(std::intptr_t{-1})) return false;
  iconv_close(opened);
  return true;
}

}  // namespace lochan
