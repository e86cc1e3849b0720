#include "plan/command_analysis.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "engine/lake_type.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::uintmax_t kLargestFile = 64u << 20;  // a larger one is data, not code

bool is_within(const fs::path& file, const fs::path& folder) {
  const fs::path relative = file.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// Of a word of `run` that names a file of the project, as seen from where the command runs; "" for any other word.
std::string content_digest(const Project& project, const CommandConfig& command, const std::string& word) {
  std::error_code error;
  const fs::path file = (fs::path(command.folder) / word).lexically_normal();
  if (word.empty() || !is_within(file, project.folder) || !fs::is_regular_file(file, error)) return "";
  if (fs::file_size(file, error) > kLargestFile) return fmt::format("{} bytes", fs::file_size(file, error));
  return sha256(read_file(file));
}

}  // namespace

AnalysedCommand analyse_command(const Project& project, const CommandConfig& command) {
  AnalysedCommand analysed;
  analysed.config = &command;
  Json settings = Json::array();
  for (const std::string& word : command.run) settings.push_back({word, content_digest(project, command, word)});
  settings.push_back(fs::path(command.folder).lexically_relative(project.folder).string());
  settings.push_back(command.environment);
  for (const LocatedText& input : command.inputs) {
    if (const auto table = parse_table_name(*input)) analysed.reads.push_back(*table);
    settings.push_back({"input", *input});
  }
  for (const CommandOutput& output : command.outputs) {
    analysed.writes.push_back(output.table);
    settings.push_back({"output", to_string(output.table), output.columns});
  }
  analysed.fingerprint = sha256(settings.dump(-1, ' ', false, Json::error_handler_t::replace)).substr(0, 16);
  return analysed;
}

std::vector<Column> declared_columns(const CommandOutput& output) {
  std::vector<Column> columns;
  for (const auto& [name, type] : output.columns) columns.push_back({name, lake_type(type)});
  return columns;
}

}  // namespace lochan
