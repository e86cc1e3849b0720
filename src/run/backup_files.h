// The files of backups: the manifest of one as a text, and the list of what a lake's publication consists of.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "run/backup.h"

namespace lochan {

std::string to_text(const Backup& backup);
/// Throws Error{Data}.
Backup parse_backup(std::string_view text);

/// A part of what a backup has copied so far: files with their sizes and checksums, as in its list.
std::string to_text(const std::map<std::string, BackupFile>& files);
/// Throws Error{Data}.
std::map<std::string, BackupFile> parse_files(std::string_view text);

/// Every file that the tables and views of a publication consist of, by their names in the lake: metadata, manifests,
/// data. `all_snapshots`: what a reader of the table's history needs too.
void add_files(Lake& lake, const Ref& ref, bool all_snapshots, std::set<std::string>& files);

}  // namespace lochan
