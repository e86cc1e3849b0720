#include "source/sound_copies.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"

namespace lochan {

SoundCopies::~SoundCopies() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path SoundCopies::next_path(const std::string& ending) {
  if (folder_.empty()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "lochan-files-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw Error(ErrorKind::Unavailable, fmt::format("no folder `{}` can be made: {}", pattern, std::generic_category().message(errno)))
          .hint("damaged files are taken apart there: make room, or set TMPDIR");
    folder_ = pattern;
  }
  return folder_ / fmt::format("{}{}", ++count_, ending);
}

const SoundCopies::Copy* SoundCopies::find(const std::string& table, const FoundFile& file) const {
  const auto found = copies_.find({table, file.name});
  return found == copies_.end() || !(found->second.of == file) ? nullptr : &found->second;
}

bool SoundCopies::add(const std::string& table, const FoundFile& found, DamagedFile file, bool even_if_sound) {
  const std::filesystem::path path = next_path(file.format == FileFormat::Csv ? ".csv" : ".jsonl");
  auto parted = take_apart(file, path);
  if (!parted || (parted->refused.empty() && !even_if_sound)) {
    std::filesystem::remove(path);
    return false;
  }
  if (const auto before = copies_.find({table, found.name}); before != copies_.end()) std::filesystem::remove(before->second.path);
  copies_.insert_or_assign({table, found.name}, Copy{found, std::move(file), *std::move(parted), path});
  return true;
}

std::string SoundCopies::refused(const std::string& table, std::span<const FoundFile> files) {
  std::string lines;
  for (const FoundFile& file : files)
    if (const Copy* copy = find(table, file))
      for (const Refused::Record& record : copy->parted.refused)
        lines += Json{{"payload", record.payload}, {"reason", record.reason}, {"position", record.position}}.dump() + "\n";
  if (lines.empty()) return {};
  const std::filesystem::path path = next_path(".jsonl");
  std::ofstream out(path, std::ios::binary);
  out << lines;
  out.close();
  if (!out) throw Error(ErrorKind::Unavailable, fmt::format("`{}` can't be written", path.string())).hint("make room there, or set TMPDIR");
  return fmt::format(
      "select payload, reason, position from read_json({}, format = 'newline_delimited', maximum_object_size = 67108864, columns = "
      "{{payload: 'VARCHAR', reason: 'VARCHAR', position: 'VARCHAR'}})",
      sql::literal(path.string()));
}

}  // namespace lochan
