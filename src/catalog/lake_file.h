// The data and delete files of a table's snapshot, as its manifests tell (spec: "Manifests"), and snapshots made of a
// choice of them: what a compaction or the archive takes out of a table, no engine has to rewrite.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace lochan {

struct ManifestShape;

struct LakeFile {
  std::string path;  // `file:///lake/raw/sale/data/dt=2026-11-21/1.parquet`
  bool is_delete = false;
  std::int64_t spec = 0;
  std::map<std::string, std::string> partition;  // of its spec's fields by name, as JSON: `{"identity_dt_12": "20778"}`
  std::int64_t rows = 0;                         // of a delete file: how many it deletes
  std::uint64_t size_bytes = 0;
  std::int64_t sequence_number = 0;
  std::string deletes_from;  // the one data file that a delete file is for; "": any of its partition

  std::string encoded;                          // the manifest's record
  std::shared_ptr<const ManifestShape> shape{};  // shared by the files of one manifest: how the record is encoded
};

/// Of the entry's current snapshot; empty when it has none. Opens manifests, and nothing else.
std::vector<LakeFile> read_lake_files(Catalog& catalog, const Entry& entry);

/// Of the files that are in `now` and were written since `before` (null: since the table began). Opens manifests, none when
/// both are the same.
std::uint64_t added_bytes(Catalog& catalog, const Entry& now, const Entry* before);

/// How much of a table `name` partitions by: the field of its default spec whose transform is identity and whose column
/// is `column`, as it is named in `LakeFile::partition`; "" when there is none.
std::string identity_partition(Catalog& catalog, const Entry& entry, std::string_view column);

/// Gives the table a snapshot of just these files, of what the token's branch has of it. `operation` is `replace` or
/// `delete` (spec: "Snapshots"). A crash leaves files that nothing names.
void set_lake_files(Catalog& catalog, const std::string& token, const TableName& table,
                    std::span<const LakeFile> files, std::string_view operation);

}  // namespace lochan
