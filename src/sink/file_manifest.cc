#include "sink/file_manifest.h"

#include <fmt/format.h>

#include <stdexcept>

#include "base/error.h"
#include "base/json.h"

namespace lochan {
namespace {

constexpr int kVersion = 1;

}  // namespace

std::string FileManifest::text() const {
  nlohmann::ordered_json document{{"lochan_manifest", kVersion},
                                  {"project", project},
                                  {"sink", sink},
                                  {"table", table},
                                  {"publication", publication},
                                  {"data_version", data_version},
                                  {"loaded_at", loaded_at},
                                  {"rows", rows},
                                  {"setting", setting},
                                  {"partition_by", partition_by},
                                  {"files", nlohmann::ordered_json::array()}};
  for (const ManifestFile& file : files) document["files"].push_back({{"name", file.name}, {"size", file.size_bytes}});
  return document.dump(1) + "\n";
}

FileManifest parse_manifest(const std::string& text, const std::string& shown) {
  try {
    const Json document = Json::parse(text);
    if (document.at("lochan_manifest") != kVersion) throw std::out_of_range("version");
    FileManifest manifest;
    document.at("project").get_to(manifest.project);
    document.at("sink").get_to(manifest.sink);
    document.at("table").get_to(manifest.table);
    document.at("publication").get_to(manifest.publication);
    document.at("data_version").get_to(manifest.data_version);
    document.at("loaded_at").get_to(manifest.loaded_at);
    document.at("rows").get_to(manifest.rows);
    document.at("setting").get_to(manifest.setting);
    document.at("partition_by").get_to(manifest.partition_by);
    for (const Json& file : document.at("files"))
      manifest.files.push_back({file.at("name").get<std::string>(), file.at("size").get<std::uint64_t>()});
    return manifest;
  } catch (const std::exception&) {
    throw Error(ErrorKind::Data, fmt::format("the manifest of `{}` can't be read", shown))
        .hint("move the folder away: the next run writes it anew");
  }
}

}  // namespace lochan
