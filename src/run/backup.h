// Copies of the lake and its state in another place: made, looked through, put back. docs/backup.md has the layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/object_store.h"
#include "run/lake.h"

namespace lochan {

struct BackupFile {
  std::uint64_t size_bytes = 0;
  std::string sha256;
};

/// One backup: what `backups/<id>.json` holds. It is written last, so what it names is there.
struct Backup {
  std::string id;  // `0000000017-20261121T134400123Z`
  std::int64_t publication = 0;
  Instant at;            // when it was made
  std::string location;  // of the lake: its files name each other by it
  std::string state;     // the file of the state's rows, in `state/`
  BackupFile state_file;
  std::map<std::string, BackupFile> files;  // by their names in the lake; they lie in `files/`

  std::uint64_t size_bytes() const;
};

struct BackupOutcome {
  Backup backup;
  std::int64_t new_files = 0;  // the others were there from earlier backups
  std::uint64_t new_bytes = 0;
  int removed_backups = 0;
  std::int64_t removed_files = 0;
};

/// The lake as it is at the last publication, and its tags. What runs publish meanwhile is not in it, and tending
/// leaves its files alone. `keep`: of the backups in that place, remove all but the newest so many, and what only they
/// needed. One at a time into a place: Error{Conflict} when there is another. Killed at any moment, or when it throws,
/// the earlier backups are whole, and what was copied is used by the next. Throws Error{Usage} for the place of a
/// replica.
BackupOutcome make_backup(Lake& lake, ObjectStore& target, std::optional<int> keep, std::stop_token stop);

/// As a backup of which only this one stays: the place holds what the lake has, and nothing that it no longer has.
/// Throws Error{Usage} for a place of backups.
BackupOutcome replicate(Lake& lake, ObjectStore& target, std::stop_token stop);

/// The backups of a place, newest first; those whose own file is damaged are left out, and named in `damaged`.
std::vector<Backup> list_backups(ObjectStore& target, std::vector<std::string>* damaged = nullptr);
/// The newest, or the newest of a publication. Throws Error{NotFound}.
Backup find_backup(ObjectStore& target, std::optional<std::int64_t> publication);

struct DamagedCopy {
  std::string name;  // in the place of the backups
  std::string what;
};
/// Reads every file of it. `spool`: a folder for what is too large for memory.
std::vector<DamagedCopy> verify_backup(ObjectStore& target, const Backup& backup, const std::filesystem::path& spool,
                                       std::stop_token stop);

struct RestoreOutcome {
  std::int64_t copied_files = 0;
  std::uint64_t copied_bytes = 0;
  std::int64_t present_files = 0;  // of an earlier try, or of the lake that was here
};
/// Files first, each checked; then the state, in one transaction: killed before that, it can be run again. The lake's
/// place must be the one it was made in. Throws Error{Data} that names a file which is missing or damaged.
RestoreOutcome restore_backup(ObjectStore& source, ObjectStore& lake, Database& state, const Backup& backup,
                              const std::filesystem::path& spool, std::stop_token stop);

}  // namespace lochan
