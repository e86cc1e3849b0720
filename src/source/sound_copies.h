// Copies of damaged files, which hold their sound records: temporary, for one attempt.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "source/damaged_file.h"
#include "source/file_list.h"

namespace lochan {

class SoundCopies {
 public:
  struct Copy {
    FoundFile of;  // as it was then: of a file that was changed since the copy is not one
    DamagedFile file;
    PartedFile parted;
    std::filesystem::path path;
    /// Whether the engine finds columns in it.
    bool is_readable() const { return parted.sound > 0 || (file.format == FileFormat::Csv && file.dialect.header); }
  };

  SoundCopies() = default;
  ~SoundCopies();
  SoundCopies(const SoundCopies&) = delete;
  SoundCopies& operator=(const SoundCopies&) = delete;

  /// Null: the table reads the file itself.
  const Copy* find(const std::string& table, const FoundFile& file) const;
  const std::map<std::pair<std::string, std::string>, Copy>& all() const { return copies_; }
  /// False when it can't be taken apart, or no record is refused and none `even_if_sound`.
  bool add(const std::string& table, const FoundFile& found, DamagedFile file, bool even_if_sound);
  /// Select of what was refused of these files; "": nothing.
  std::string refused(const std::string& table, std::span<const FoundFile> files);

 private:
  std::filesystem::path next_path(const std::string& ending);

  std::map<std::pair<std::string, std::string>, Copy> copies_;  // by table and file
  std::filesystem::path folder_;
  int count_ = 0;
};

}  // namespace lochan
