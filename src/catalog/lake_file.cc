#include "catalog/lake_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "catalog/avro_file.h"
#include "catalog/catalog_impl.h"
#include "catalog/table_access.h"
#include "catalog/table_metadata.h"

namespace lochan {

/// What the records of one manifest have in common.
struct ManifestShape {
  AvroHeader header;
  std::string key;  // equal for manifests whose records may stand in one file
};

namespace {

constexpr int kExisting = 0;  // spec: "Manifests", status
constexpr int kAdded = 1;
constexpr int kDeleted = 2;
// The reserved ids of a delete file's column `file_path`: the spec's, and the one that DuckDB 1.5.5 writes.
constexpr std::int64_t kFilePathIds[] = {2147483546, 2147483646};

Json field(const char* name, const char* type, int id) {
  return {{"name", name}, {"type", type}, {"field-id", id}};
}

// Spec: "Manifest Lists"; of format version 2, without the summaries of partitions, which are optional.
Json list_schema() {
  Json fields = Json::array({field("manifest_path", "string", 500), field("manifest_length", "long", 501),
                             field("partition_spec_id", "int", 502), field("content", "int", 517),
                             field("sequence_number", "long", 515), field("min_sequence_number", "long", 516),
                             field("added_snapshot_id", "long", 503), field("added_files_count", "int", 504),
                             field("existing_files_count", "int", 505), field("deleted_files_count", "int", 506),
                             field("added_rows_count", "long", 512), field("existing_rows_count", "long", 513),
                             field("deleted_rows_count", "long", 514)});
  return {{"type", "record"}, {"name", "manifest_file"}, {"fields", std::move(fields)}};
}

std::string text_of(const Json& bytes) {
  const Json::binary_t& binary = bytes.get_binary();
  return {binary.begin(), binary.end()};
}

// Of a map with integer keys, which Avro has as an array of pairs.
std::string bound_of(const Json& file, const char* bounds) {
  const auto found = file.find(bounds);
  if (found == file.end() || !found->is_array()) return "";
  for (const Json& pair : *found)
    if (std::ranges::find(kFilePathIds, pair.at("key").get<std::int64_t>()) != std::end(kFilePathIds))
      return text_of(pair.at("value"));
  return "";
}

// Bounds that are equal name the only file there is; a bound that was cut short is no file's name, and matches none.
std::string only_target(const Json& file) {
  if (const auto named = file.find("referenced_data_file"); named != file.end() && named->is_string())
    return named->get<std::string>();
  const std::string lower = bound_of(file, "lower_bounds");
  return lower == bound_of(file, "upper_bounds") ? lower : "";
}

struct Manifest {
  std::string path;
  std::int64_t spec = 0;
  std::int64_t sequence_number = 0;
  std::int64_t snapshot = 0;
};

std::vector<Manifest> read_list(Catalog::Impl& catalog, const std::string& location) {
  std::vector<Manifest> manifests;
  read_avro(catalog.store.read(catalog.metadata.name_of(location)), [&](const AvroHeader&, const Json& record) {
    manifests.push_back({record.at("manifest_path"), record.at("partition_spec_id"),
                         record.value("sequence_number", std::int64_t{0}), record.at("added_snapshot_id")});
  });
  return manifests;
}

// Spec, "Sequence Number Inheritance": what an added file leaves open is that of its manifest.
void fill_in(Json& record, const Manifest& manifest) {
  for (const char* key : {"sequence_number", "file_sequence_number"})
    if (!record.contains(key) || record[key].is_null()) record[key] = manifest.sequence_number;
  if (!record.contains("snapshot_id") || record["snapshot_id"].is_null()) record["snapshot_id"] = manifest.snapshot;
  record["status"] = kExisting;
}

LakeFile describe(const Json& record, const Manifest& manifest) {
  const Json& file = record.at("data_file");
  LakeFile described;
  described.path = file.at("file_path");
  described.is_delete = file.value("content", 0) != 0;
  described.spec = manifest.spec;
  if (const auto partition = file.find("partition"); partition != file.end() && partition->is_object())
    for (const auto& [name, value] : partition->items())
      described.partition[name] = value.is_binary() ? text_of(value) : value.dump();
  described.rows = file.at("record_count");
  described.size_bytes = file.at("file_size_in_bytes");
  described.sequence_number = record.at("sequence_number");
  if (described.is_delete) described.deletes_from = only_target(file);
  return described;
}

void read_manifest(Catalog::Impl& catalog, const Manifest& manifest, std::vector<LakeFile>& files) {
  std::shared_ptr<ManifestShape> shape;
  read_avro(catalog.store.read(catalog.metadata.name_of(manifest.path)), [&](const AvroHeader& header, Json record) {
    if (record.at("status") == kDeleted) return;
    if (!shape) {
      shape = std::make_shared<ManifestShape>();
      shape->header = header;
    }
    fill_in(record, manifest);
    LakeFile file = describe(record, manifest);
    file.encoded = encode_avro(header.schema, record);
    file.shape = shape;
    files.push_back(std::move(file));
  });
  if (shape) shape->key = fmt::format("{} {}", manifest.spec, shape->header.schema.dump());
}

std::int64_t random_id() {
  std::random_device random;
  return static_cast<std::int64_t>(((std::uint64_t{random()} << 32) | random()) & 0x7FFFFFFFFFFFFFFF);
}

class SnapshotWriter {
 public:
  SnapshotWriter(Catalog::Impl& catalog, const Json& metadata)
      : catalog_(catalog),
        metadata_(metadata),
        folder_(metadata.at("location").get<std::string>() + "/metadata/"),
        id_(random_id()),
        sequence_(metadata.at("last-sequence-number").get<std::int64_t>() + 1) {}

  Json write(std::span<const LakeFile> files, std::string_view operation) {
    std::map<std::pair<bool, std::string>, std::vector<const LakeFile*>> groups;
    for (const LakeFile& file : files) groups[{file.is_delete, file.shape->key}].push_back(&file);
    std::vector<std::string> list;
    for (const auto& [key, group] : groups) list.push_back(encode_avro(schema_, write_manifest(group)));
    const std::string location = folder_ + fmt::format("snap-{}-{}.avro", id_, random_uuid());
    const std::string parent = current_snapshot_id(metadata_) ? std::to_string(*current_snapshot_id(metadata_)) : "null";
    const AvroHeader header{schema_,
                            {{"snapshot-id", std::to_string(id_)},
                             {"parent-snapshot-id", parent},
                             {"sequence-number", std::to_string(sequence_)},
                             {"format-version", "2"}}};
    put(location, write_avro(header, list));
    Json snapshot = {{"snapshot-id", id_},
                     {"sequence-number", sequence_},
                     {"timestamp-ms", catalog_.now_ms()},
                     {"manifest-list", location},
                     {"summary", summary(files, operation)},
                     {"schema-id", metadata_.at("current-schema-id")}};
    if (const auto current = current_snapshot_id(metadata_)) snapshot["parent-snapshot-id"] = *current;
    return snapshot;
  }

  std::int64_t id() const { return id_; }

 private:
  Json write_manifest(const std::vector<const LakeFile*>& files) {
    std::vector<std::string> records;
    std::int64_t rows = 0, oldest = sequence_;
    for (const LakeFile* file : files) {
      records.push_back(file->encoded);
      rows += file->rows;
      oldest = std::min(oldest, file->sequence_number);
    }
    const bool is_delete = files.front()->is_delete;
    AvroHeader header = files.front()->shape->header;
    header.metadata["content"] = is_delete ? "deletes" : "data";
    header.metadata["format-version"] = "2";
    const std::string bytes = write_avro(header, records);
    const std::string location = folder_ + random_uuid() + "-m0.avro";
    put(location, bytes);
    return {{"manifest_path", location},
            {"manifest_length", bytes.size()},
            {"partition_spec_id", files.front()->spec},
            {"content", is_delete ? 1 : 0},
            {"sequence_number", sequence_},
            {"min_sequence_number", oldest},
            {"added_snapshot_id", id_},
            {"added_files_count", 0},
            {"existing_files_count", files.size()},
            {"deleted_files_count", 0},
            {"added_rows_count", 0},
            {"existing_rows_count", rows},
            {"deleted_rows_count", 0}};
  }

  static Json summary(std::span<const LakeFile> files, std::string_view operation) {
    std::int64_t data_files = 0, rows = 0, deleted = 0;
    std::uint64_t size = 0;
    for (const LakeFile& file : files) {
      data_files += file.is_delete ? 0 : 1;
      (file.is_delete ? deleted : rows) += file.rows;
      size += file.size_bytes;
    }
    const auto all = static_cast<std::int64_t>(files.size());
    return {{"operation", operation},
            {"total-data-files", std::to_string(data_files)},
            {"total-delete-files", std::to_string(all - data_files)},
            {"total-records", std::to_string(rows)},
            {"total-position-deletes", std::to_string(deleted)},
            {"total-equality-deletes", "0"},
            {"total-files-size", std::to_string(size)}};
  }

  void put(const std::string& location, const std::string& bytes) {
    catalog_.store.create(catalog_.metadata.name_of(location), bytes);
  }

  Catalog::Impl& catalog_;
  const Json& metadata_;
  const std::string folder_;
  const std::int64_t id_;
  const std::int64_t sequence_;
  const Json schema_ = list_schema();
};

}  // namespace

std::uint64_t added_bytes(Catalog& the_catalog, const Entry& now, const Entry* before) {
  Catalog::Impl& catalog = the_catalog.impl();
  if (now.kind != EntryKind::Table || (before != nullptr && before->metadata_location == now.metadata_location)) return 0;
  const auto metadata = catalog.metadata.read(now.metadata_location);
  const auto current = current_snapshot_id(*metadata);
  const Json* snapshot = current ? find_snapshot(*metadata, *current) : nullptr;
  if (snapshot == nullptr) return 0;
  std::int64_t earlier = 0;
  if (before != nullptr && before->kind == EntryKind::Table)
    earlier = catalog.metadata.read(before->metadata_location)->value("last-sequence-number", std::int64_t{0});
  std::uint64_t bytes = 0;
  for (const Manifest& manifest : read_list(catalog, snapshot->at("manifest-list"))) {
    if (manifest.sequence_number <= earlier) continue;
    read_avro(catalog.store.read(catalog.metadata.name_of(manifest.path)), [&](const AvroHeader&, const Json& record) {
      if (record.at("status") == kAdded) bytes += record.at("data_file").at("file_size_in_bytes").get<std::uint64_t>();
    });
  }
  return bytes;
}

std::vector<LakeFile> read_lake_files(Catalog& catalog, const Entry& entry) {
  Catalog::Impl& impl = catalog.impl();
  const auto metadata = impl.metadata.read(entry.metadata_location);
  const auto current = current_snapshot_id(*metadata);
  std::vector<LakeFile> files;
  if (!current) return files;
  for (const Manifest& manifest : read_list(impl, find_snapshot(*metadata, *current)->at("manifest-list")))
    read_manifest(impl, manifest, files);
  return files;
}

std::string identity_partition(Catalog& catalog, const Entry& entry, std::string_view column) {
  const auto metadata = catalog.impl().metadata.read(entry.metadata_location);
  const Json* schema = find_by_id(metadata->at("schemas"), "schema-id", metadata->at("current-schema-id"));
  const Json* spec = find_by_id(metadata->at("partition-specs"), "spec-id", metadata->at("default-spec-id"));
  if (schema == nullptr || spec == nullptr) return "";
  for (const Json& part : spec->at("fields")) {
    const Json* source = find_by_id(schema->at("fields"), "id", part.at("source-id"));
    if (source != nullptr && source->at("name") == column && part.at("transform") == "identity") return part.at("name");
  }
  return "";
}

void set_lake_files(Catalog& catalog, const std::string& token, const TableName& table,
                    std::span<const LakeFile> files, std::string_view operation) {
  TableAccess access(catalog, token);
  const auto metadata = access.load_table(table).metadata;
  SnapshotWriter writer(catalog.impl(), *metadata);
  const Json snapshot = writer.write(files, operation);
  TableCommit commit{table, Json::array(), Json::array()};
  commit.requirements.push_back({{"type", "assert-table-uuid"}, {"uuid", metadata->at("table-uuid")}});
  commit.updates.push_back({{"action", "add-snapshot"}, {"snapshot", snapshot}});
  commit.updates.push_back({{"action", "set-snapshot-ref"},
                            {"ref-name", "main"},
                            {"type", "branch"},
                            {"snapshot-id", writer.id()}});
  access.commit(std::span(&commit, 1));
}

}  // namespace lochan
