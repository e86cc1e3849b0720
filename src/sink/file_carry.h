// One table carried to files, in a place of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "project/sink_files.h"
#include "sink/file_manifest.h"
#include "sink/sink.h"
#include "sink/sink_place.h"

namespace lochan {

class FileCarry {
 public:
  /// All must outlive it. `before_commit` ends the work by throwing.
  FileCarry(SinkPlace& place, Session& session, const CarryRequest& request, const CarryTable& table,
            std::function<void()> before_commit);

  /// Throws Error{Conflict} when somebody else was first, Error{CommitUnknown} when it can't be told whether it was
  /// done.
  void carry();
  const CarriedTable& carried() const { return carried_; }

 private:
  void refuse_foreign() const;
  bool is_behind() const;
  bool is_as_left() const;
  void replace(const std::optional<std::string>& before);
  void replace_partitions(const std::string& before);
  void append(const std::optional<std::string>& before);
  bool append_by_loaded_at();
  void write_whole();
  void commit(std::vector<ManifestFile> kept);
  void write_files(const std::string& rows);
  std::vector<std::string> folders_of(const std::string& rows);
  void take_files(const std::filesystem::path& made);
  bool has_folders() const { return !partitions_.empty() || options_.max_rows > 0; }
  std::string file_columns() const;
  std::string copy_options() const;

  SinkPlace& place_;
  Session& session_;
  const CarryRequest& request_;
  const CarryTable& carry_;
  const SinkFiles options_;
  const std::function<void()> before_commit_;
  std::vector<std::string> partitions_;
  std::optional<FileManifest> mark_;
  std::map<std::string, std::uint64_t> there_;
  FileManifest next_;
  std::vector<ManifestFile> added_;
  CarriedTable carried_;
};

}  // namespace lochan
