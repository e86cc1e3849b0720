#include "catalog/adopt.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "catalog/avro_file.h"
#include "catalog/catalog_impl.h"
#include "catalog/lake_file.h"
#include "catalog/publication_record.h"
#include "catalog/schema_type.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

constexpr int kDeleted = 2;  // spec: "Manifests", status

class Reading {
 public:
  explicit Reading(Catalog& catalog) : catalog_(catalog.impl()) {}

  Adoption run(std::optional<std::int64_t> at) {
    catalog_.store.list("", [&](const ObjectInfo& info) { sizes_[info.name] = info.size_bytes; });
    read_records(at);
    for (const auto& [table, recorded] : main_) {
      try {
        adoption_.entries.push_back(recorded.kind == EntryKind::View ? read_view(recorded) : read_table(recorded));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Data) throw;
        damaged(recorded.metadata, error.message());
      } catch (const Json::exception& failure) {
        damaged(recorded.metadata, failure.what());
      }
    }
    return std::move(adoption_);
  }

 private:
  void damaged(const std::string& name, const std::string& what) { adoption_.damaged.push_back({name, what}); }

  std::optional<PublicationRecord> read_record(const std::string& name) {
    try {
      return parse_record(catalog_.store.read(name));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Data) throw;
      damaged(name, error.message());
      return std::nullopt;
    }
  }

  // From the newest record of all tables on, what each publication changed.
  void read_records(std::optional<std::int64_t> at) {
    std::vector<std::string> names;
    for (const auto& [name, size] : sizes_)
      if (name.starts_with(kRecordFolder) && (!at || name <= record_name(*at))) names.push_back(name);
    if (names.empty() || (at && names.back() != record_name(*at)))
      throw Error(ErrorKind::NotFound, at ? fmt::format("the lake has no record of publication {}", *at)
                                          : fmt::format("`{}` has no records of publications", catalog_.store.uri("")))
          .hint("is this the folder of a lake, and was something published there?");
    std::vector<PublicationRecord> later;  // newest first
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      auto record = read_record(*name);
      if (!record) continue;
      later.push_back(std::move(*record));
      if (later.back().is_whole) break;
    }
    if (later.empty() || !later.back().is_whole)
      throw Error(ErrorKind::Data, "no record of all tables can be read")
          .hint("restore the lake from a backup: lochan restore");
    std::ranges::reverse(later);
    for (const PublicationRecord& record : later) apply(record);
  }

  void apply(const PublicationRecord& record) {
    const std::int64_t number = record.publication.number;
    const std::int64_t before = adoption_.publication.number;
    for (std::int64_t missing = before + 1; before != 0 && missing < number; ++missing)
      if (!sizes_.contains(record_name(missing))) damaged(record_name(missing), "it is missing");
    for (const RecordedEntry& entry : record.entries) {
      if (entry.is_dropped)
        main_.erase(entry.table);
      else
        main_[entry.table] = entry;
    }
    adoption_.publication = record.publication;
    adoption_.last_run = std::max({adoption_.last_run, record.last_run, record.publication.run});
  }

  Json read_metadata(const RecordedEntry& recorded) {
    Json metadata = Json::parse(catalog_.store.read(recorded.metadata), nullptr, false);
    if (!metadata.is_object()) throw Error(ErrorKind::Data, "it is no metadata file, or was cut short");
    return metadata;
  }

  std::string location(const RecordedEntry& recorded) const {
    return catalog_.store.uri(recorded.metadata);
  }

  Entry read_view(const RecordedEntry& recorded) {
    const Json metadata = read_metadata(recorded);
    Entry entry;
    entry.table = recorded.table;
    entry.kind = EntryKind::View;
    entry.metadata_location = location(recorded);
    entry.data_version = recorded.data_version;
    entry.from_publication = recorded.from_publication;
    for (const auto& [key, value] : metadata.at("properties").items()) entry.properties[key] = value.get<std::string>();
    const Json* schema = find_by_id(metadata.at("schemas"), "schema-id", metadata.at("current-version-id"));
    if (schema != nullptr) entry.columns = columns_of(*schema);
    if (!entry.properties.contains("lochan.sql")) throw Error(ErrorKind::Data, "it has no `lochan.sql`");
    return entry;
  }

  Entry read_table(const RecordedEntry& recorded) {
    const Json metadata = read_metadata(recorded);
    Entry entry = describe_table(recorded.table, location(recorded), metadata);
    entry.from_publication = recorded.from_publication;
    if (const auto current = current_snapshot_id(metadata)) {
      const Json* snapshot = find_snapshot(metadata, *current);
      if (snapshot == nullptr) throw Error(ErrorKind::Data, fmt::format("it lacks its snapshot {}", *current));
      look_at_files(snapshot->at("manifest-list").get<std::string>());
    }
    return entry;
  }

  // The name of a file that must be there; nothing when it isn't.
  std::optional<std::string> present(const std::string& uri, std::optional<std::int64_t> size = std::nullopt) {
    const std::string name = catalog_.metadata.name_of(uri);
    const auto found = sizes_.find(name);
    if (found == sizes_.end()) {
      damaged(name, "it is missing");
      return std::nullopt;
    }
    if (size && found->second != static_cast<std::uint64_t>(*size)) {
      damaged(name, fmt::format("it has {} bytes, and should have {}", found->second, *size));
      return std::nullopt;
    }
    return name;
  }

  void read_avro_file(const std::string& name, const std::function<void(const Json& record)>& found) {
    try {
      read_avro(catalog_.store.read(name), [&](const AvroHeader&, const Json& record) { found(record); });
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Data) throw;
      damaged(name, error.message());
    } catch (const Json::exception& failure) {
      damaged(name, failure.what());
    }
  }

  void look_at_files(const std::string& manifest_list) {
    const auto list = present(manifest_list);
    if (!list) return;
    read_avro_file(*list, [&](const Json& manifest) {
      const auto name = present(manifest.at("manifest_path"), manifest.at("manifest_length").get<std::int64_t>());
      if (!name || !seen_.insert(*name).second) return;
      read_avro_file(*name, [&](const Json& record) {
        const Json& file = record.at("data_file");
        if (record.at("status") != kDeleted) present(file.at("file_path"), file.at("file_size_in_bytes").get<std::int64_t>());
      });
    });
  }

  Catalog::Impl& catalog_;
  std::map<std::string, std::uint64_t> sizes_;  // of the lake's files
  std::map<TableName, RecordedEntry> main_;
  std::set<std::string> seen_;  // manifests
  Adoption adoption_;
};

}  // namespace

bool has_records(ObjectStore& store) {
  bool found = false;
  store.list(kRecordFolder, [&](const ObjectInfo&) { found = true; });
  return found;
}

Adoption read_adoption(Catalog& catalog, std::optional<std::int64_t> at) { return Reading(catalog).run(at); }

void require_no_publications(Catalog& catalog) {
  if (const std::int64_t last = catalog.current_publication(); last != 0)
    throw Error(ErrorKind::Conflict, fmt::format("the state has publications of its own, the last is {}", last))
        .hint("a lake is adopted into an empty state: name another `state:` in lochan.yaml, or move the old one away");
}

void adopt(Catalog& catalog, const Adoption& adoption, const std::function<void()>& also) {
  Catalog::Impl& impl = catalog.impl();
  impl.state.write_synced([&] {
    require_no_publications(catalog);
    impl.rows.add_publication(adoption.publication);
    for (const Entry& entry : adoption.entries) {
      impl.rows.put(entry, entry.from_publication);
      impl.state.execute(
          "insert into namespace(ref, name, properties) values ('main', $1, '{}') on conflict(ref, name) do nothing",
          {entry.table.layer});
    }
    also();
  });
}

}  // namespace lochan
