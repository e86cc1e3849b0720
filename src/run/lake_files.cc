#include "run/lake_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

#include "base/error.h"
#include "base/sql.h"

namespace lochan {
namespace {

constexpr std::size_t kFilesAtOnce = 500;

std::string relative_name(const std::string& uri, const std::string& root_uri) {
  if (!uri.starts_with(root_uri + "/"))
    throw Error(ErrorKind::Internal, fmt::format("`{}` is not in the lake `{}`", uri, root_uri));
  return uri.substr(root_uri.size() + 1);
}

// One column of many Avro files. Iceberg's spec, "Manifests" and "Manifest Lists", names the fields.
std::set<std::string> read_avro(Session& session, const std::set<std::string>& files, std::string_view expression) {
  std::set<std::string> values;
  std::vector<std::string> chunk;
  const auto read = [&] {
    if (chunk.empty()) return;
    const Rows rows = session.query(
        fmt::format("select distinct {} from read_avro([{}], union_by_name = true)", expression, fmt::join(chunk, ", ")));
    for (const auto& row : rows.rows)
      if (row[0]) values.insert(*row[0]);
    chunk.clear();
  };
  for (const std::string& file : files) {
    chunk.push_back(sql::literal(file));
    if (chunk.size() == kFilesAtOnce) read();
  }
  read();
  return values;
}

}  // namespace

std::set<std::string> reachable_files(const std::vector<ReachableTable>& tables, const std::string& root_uri, Engine& engine) {
  std::set<std::string> files, lists;
  for (const ReachableTable& table : tables) {
    for (const std::string& file : table.metadata_files) files.insert(relative_name(file, root_uri));
    for (const std::string& file : table.statistics_files) files.insert(relative_name(file, root_uri));
    for (const std::string& list : table.manifest_lists) lists.insert(list);
  }
  if (lists.empty()) return files;
  const std::unique_ptr<Session> session = engine.open_session();
  session->load_extension("avro");
  const std::set<std::string> manifests = read_avro(*session, lists, "manifest_path");
  for (const std::string& list : lists) files.insert(relative_name(list, root_uri));
  for (const std::string& manifest : manifests) files.insert(relative_name(manifest, root_uri));
  for (const std::string& file : read_avro(*session, manifests, "data_file.file_path"))
    files.insert(relative_name(file, root_uri));
  return files;
}

}  // namespace lochan
