// The record of a publication: a small file in the lake, written after the publication's transaction, that says what it
// changed. With them the catalog can be made again from the lake's files alone (catalog/adopt.h). docs/backup.md has the
// format.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace lochan {

inline constexpr std::string_view kRecordFolder = "_publications/";

/// What main has for one name since the publication: an entry, or nothing (then only the name is filled in).
struct RecordedEntry {
  TableName table;
  bool is_dropped = false;
  EntryKind kind = EntryKind::Table;
  std::string metadata{};  // the file's name in the lake
  std::string data_version{};
  std::int64_t from_publication = 0;
};

struct PublicationRecord {
  Publication publication;
  std::int64_t last_run = 0;  // the highest of those that published so far
  bool is_whole = false;      // all that main has; else what changed
  std::vector<RecordedEntry> entries;
};

/// `_publications/0000000017.json`
std::string record_name(std::int64_t publication);
std::string to_text(const PublicationRecord& record);
/// Throws Error{Data} for what is no record.
PublicationRecord parse_record(std::string_view text);

/// Writes the records of publications that have none yet, this process's and those of processes that died before they
/// could. One that can't be written now is left for the next call: it throws nothing.
void write_missing_records(Catalog& catalog) noexcept;

}  // namespace lochan
