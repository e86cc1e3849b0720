#include "source/landed_bytes.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "base/temporary_folder.h"
#include "base/text.h"

namespace lochan {
namespace {

std::string sha256_of(const std::filesystem::path& file) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::ifstream in(file, std::ios::binary);
  std::vector<char> buffer(1u << 18);
  bool is_sound = digest && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1 && in;
  while (is_sound && in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    is_sound = EVP_DigestUpdate(digest.get(), buffer.data(), static_cast<std::size_t>(in.gcount())) == 1;
  }
  std::array<unsigned char, 32> bytes{};
  if (!is_sound || EVP_DigestFinal_ex(digest.get(), bytes.data(), nullptr) != 1)
    throw Error(ErrorKind::Unavailable, fmt::format("`{}` can't be read", file.string()));
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

// "Media Types", IANA, by how names end; the usual ones.
std::string content_type(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kTypes = {
      {{".csv", "text/csv"},
       {".tsv", "text/tab-separated-values"},
       {".txt", "text/plain"},
       {".log", "text/plain"},
       {".md", "text/markdown"},
       {".html", "text/html"},
       {".xml", "application/xml"},
       {".json", "application/json"},
       {".jsonl", "application/x-ndjson"},
       {".pdf", "application/pdf"},
       {".png", "image/png"},
       {".jpg", "image/jpeg"},
       {".jpeg", "image/jpeg"},
       {".gif", "image/gif"},
       {".svg", "image/svg+xml"},
       {".mp3", "audio/mpeg"},
       {".wav", "audio/wav"},
       {".mp4", "video/mp4"},
       {".zip", "application/zip"},
       {".gz", "application/gzip"},
       {".parquet", "application/vnd.apache.parquet"},
       {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}}};
  const std::string ending = text::lower(std::filesystem::path(name).extension().string());
  for (const auto& [of, type] : kTypes)
    if (ending == of) return std::string(type);
  return "application/octet-stream";
}

std::string base64_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream whole;
  whole << in.rdbuf();
  const std::string bytes = whole.str();
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

LandedBytes land_bytes(const Landing& landing, const std::string& connection, const std::string& table,
                       const LocalFile& file) {
  LandedBytes landed{file.file, sha256_of(file.path), "", file.path};
  landed.location = fmt::format("{}/{}/{}/{}/{}", kLandingFolder, connection, table, kLandedFiles, landed.sha256);
  const auto there = landing.store.stat(landed.location);
  // One of another size was cut off by a crash.
  if (!there || there->size_bytes != std::filesystem::file_size(file.path))
    landing.store.upload(landed.location, file.path);
  return landed;
}

std::vector<Column> bytes_columns(bool has_content) {
  std::vector<Column> columns = {{kFileColumn, "VARCHAR", true},
                                 {"size_bytes", "BIGINT", true},
                                 {"modified_at", "TIMESTAMP WITH TIME ZONE", true},
                                 {"etag", "VARCHAR", true},
                                 {"content_type", "VARCHAR", true},
                                 {"sha256", "VARCHAR", true},
                                 {"location", "VARCHAR", true}};
  if (has_content) columns.push_back({"content", "BLOB", true});
  return columns;
}

std::string bytes_select(std::span<const LandedBytes> files, std::optional<std::uint64_t> in_table,
                         const std::filesystem::path& copy) {
  std::ofstream out(copy, std::ios::binary);
  for (const LandedBytes& file : files) {
    const std::uint64_t size = std::filesystem::file_size(file.path);
    Json row = {{"file", file.file.name},
                {"size_bytes", size},
                {"modified_us", file.file.modified_ns / 1'000},
                {"etag", nullptr},
                {"content_type", content_type(file.file.name)},
                {"sha256", file.sha256},
                {"location", file.location}};
    if (!file.file.etag.empty()) row["etag"] = file.file.etag;
    if (in_table && size <= *in_table) row["content"] = base64_of(file.path);
    out << row.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  }
  out.close();
  if (!out) throw_not_written(copy);
  return fmt::format(
      "select file as {}, size_bytes, case when modified_us > 0 then make_timestamptz(modified_us) end as modified_at, "
      "etag, content_type, sha256, "
      "location{} from read_json({}, format = 'newline_delimited', maximum_object_size = 1073741824, columns = {{file: "
      "'VARCHAR', size_bytes: 'BIGINT', "
      "modified_us: 'BIGINT', etag: 'VARCHAR', content_type: 'VARCHAR', sha256: 'VARCHAR', location: 'VARCHAR', "
      "content: 'VARCHAR'}})",
      kFileColumn, in_table ? ", from_base64(content) as content" : "", sql::literal(copy.string()));
}

}  // namespace lochan
