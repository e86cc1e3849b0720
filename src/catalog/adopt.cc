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
#include "catalog/tag_record.h"

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
    read_tags();
    return std::move(adoption_);
  }

 private:
  // A tag that can't be read keeps nobody from the lake as it is.
  void read_tags() {
    const std::set<std::string> of_main_seen = seen_;
    for (const auto& [name, size] : sizes_) {
      if (!name.starts_with(kTagFolder)) continue;
      seen_ = of_main_seen;  // what another tag lacks is this one's loss as well
      std::vector<BrokenFile> of_main = std::exchange(adoption_.damaged, {});
      std::optional<Adoption::Tagged> tagged;
      try {
        tagged = read_tag(name);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Data) throw;
        damaged(name, error.message());
      } catch (const Json::exception& failure) {
        damaged(name, failure.what());
      }
      const std::vector<BrokenFile> of_tag = std::exchange(adoption_.damaged, std::move(of_main));
      if (!of_tag.empty())
        adoption_.lost_tags.push_back({name, fmt::format("{}: {}", of_tag.front().name, of_tag.front().what)});
      else if (tagged)
        adoption_.tags.push_back(std::move(*tagged));
    }
    std::ranges::stable_sort(adoption_.tags, {}, [](const Adoption::Tagged& one) { return one.publication.number; });
  }

  // Nothing of one that is later than what is adopted.
  std::optional<Adoption::Tagged> read_tag(const std::string& name) {
    const TagRecord record = parse_tag_record(catalog_.store.read(name));
    if (record.tag.publication > adoption_.publication.number) return std::nullopt;
    Adoption::Tagged tagged{record.tag, record.record.publication, {}};
    for (const RecordedEntry& entry : record.record.entries)
      tagged.entries.push_back(entry.kind == EntryKind::View ? read_view(entry) : read_table(entry));
    return tagged;
  }

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

// Main's rows, of some of its publications in their order.
class MainHistory {
 public:
  explicit MainHistory(Catalog::Impl& catalog) : catalog_(catalog) {}

  void add(const Publication& publication, const std::vector<Entry>& entries) {
    if (publication.number == last_) return;  // two tags of one publication
    last_ = publication.number;
    catalog_.rows.add_publication(publication);
    std::map<TableName, std::string> now;
    for (const Entry& entry : entries) {
      now[entry.table] = entry.metadata_location;
      if (main_.contains(entry.table) && main_[entry.table] == entry.metadata_location) continue;
      catalog_.rows.put(entry, entry.from_publication);
    }
    for (const auto& [table, location] : main_)
      if (!now.contains(table)) catalog_.rows.close(table, publication.number);
    main_ = std::move(now);
  }

 private:
  Catalog::Impl& catalog_;
  std::map<TableName, std::string> main_;
  std::int64_t last_ = 0;
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
    MainHistory history(impl);
    for (const Adoption::Tagged& tagged : adoption.tags) {
      if (tagged.publication.number != adoption.publication.number) history.add(tagged.publication, tagged.entries);
      impl.state.execute("insert into tag(name, publication, author, at) values ($1, $2, $3, $4)",
                         {tagged.tag.name, tagged.tag.publication, tagged.tag.author, to_micros(tagged.tag.at)});
      impl.state.execute("insert into recorded_tag(name) values ($1)", {tagged.tag.name});
    }
    history.add(adoption.publication, adoption.entries);
    for (const Entry& entry : adoption.entries)
      impl.state.execute(
          "insert into namespace(ref, name, properties) values ('main', $1, '{}') on conflict(ref, name) do nothing",
          {entry.table.layer});
    also();
  });
}

}  // namespace lochan
