#include "catalog/publication_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "catalog/catalog_impl.h"
#include "catalog/tag_record.h"

namespace lochan {
namespace {

constexpr int kFormat = 1;
constexpr std::int64_t kWholeEvery = 64;  // publications: what a record of all costs is shared by so many

Json to_json(const RecordedEntry& entry) {
  if (entry.is_dropped) return {{"table", to_string(entry.table)}, {"dropped", true}};
  return {{"table", to_string(entry.table)},
          {"kind", entry.kind == EntryKind::View ? "view" : "table"},
          {"metadata", entry.metadata},
          {"data_version", entry.data_version},
          {"publication", entry.from_publication}};
}

RecordedEntry parse_entry(const Json& json) {
  RecordedEntry entry;
  const auto table = parse_table_name(json.at("table").get<std::string>());
  if (!table) throw Error(ErrorKind::Data, "it names no table");
  entry.table = *table;
  entry.is_dropped = json.value("dropped", false);
  if (entry.is_dropped) return entry;
  entry.kind = json.at("kind") == "view" ? EntryKind::View : EntryKind::Table;
  entry.metadata = json.at("metadata");
  entry.data_version = json.at("data_version");
  entry.from_publication = json.at("publication");
  return entry;
}

class Recorder {
 public:
  explicit Recorder(Catalog::Impl& catalog) : catalog_(catalog) {}

  void run() {
    const auto rows = catalog_.state.query(
        "select coalesce((select max(whole) from recorded), 0), coalesce((select max(number) from publication), 0), "
        "coalesce((select min(publication) from unrecorded), 0), "
        "(select count(*) from tag where not exists (select 1 from recorded_tag as r where r.name = tag.name))");
    if (rows[0].integer(3) != 0) write_missing_tags(catalog_);
    last_whole_ = rows[0].integer(0);
    const std::int64_t newest = rows[0].integer(1);
    if (rows[0].integer(2) == 0 && (last_whole_ != 0 || newest == 0)) return;
    if (last_whole_ == 0) return write(newest, true);  // of a lake that had none, or was restored
    for (const DbRow& row : catalog_.state.query("select publication from unrecorded order by publication"))
      write(row.integer(0), row.integer(0) - last_whole_ >= kWholeEvery);
  }

 private:
  void write(std::int64_t number, bool is_whole) {
    const auto publication = catalog_.rows.publication(number);
    if (publication) {
      PublicationRecord record{*publication, last_run(number), is_whole, {}};
      if (is_whole)
        add(record, catalog_.rows.entries(number));
      else
        add_changes(record);
      catalog_.store.write(record_name(number), to_text(record));
      catalog_.store.sync();
    }
    catalog_.state.write([&] {
      catalog_.state.execute(is_whole ? "delete from unrecorded where publication <= $1"
                                      : "delete from unrecorded where publication = $1",
                             {number});
      if (!is_whole) return;
      catalog_.state.execute("delete from recorded");
      catalog_.state.execute("insert into recorded(whole) values ($1)", {number});
    });
    if (is_whole) remove_before(std::exchange(last_whole_, number));
  }

  std::int64_t last_run(std::int64_t number) const {
    return catalog_.state.query("select coalesce(max(run), 0) from publication where number <= $1", {number})[0].integer(0);
  }

  void add(PublicationRecord& record, const std::vector<Entry>& entries) const {
    for (const Entry& entry : entries)
      record.entries.push_back({entry.table, false, entry.kind, catalog_.metadata.name_of(entry.metadata_location),
                                entry.data_version, entry.from_publication});
  }

  void add_changes(PublicationRecord& record) const {
    const std::int64_t number = record.publication.number;
    for (const DbRow& row : catalog_.state.query(
             "select layer, name from entry where from_publication = $1 or to_publication = $1 order by layer, name",
             {number})) {
      const TableName table{row.text(0), row.text(1)};
      if (!record.entries.empty() && record.entries.back().table == table) continue;
      if (const auto entry = catalog_.rows.find(number, table))
        add(record, {*entry});
      else
        record.entries.push_back({table, true});
    }
  }

  // The whole one before the last stays too: should the last be damaged, the lake is known up to it.
  void remove_before(std::int64_t number) const {
    if (number == 0) return;
    std::vector<std::string> old;
    const std::string first = record_name(number);
    catalog_.store.list(kRecordFolder, [&](const ObjectInfo& info) {
      if (info.name < first) old.push_back(info.name);
    });
    for (const std::string& name : old) catalog_.store.remove(name);
  }

  Catalog::Impl& catalog_;
  std::int64_t last_whole_ = 0;
};

}  // namespace

std::string record_name(std::int64_t publication) { return fmt::format("{}{:010}.json", kRecordFolder, publication); }

std::string to_text(const PublicationRecord& record) {
  const Publication& publication = record.publication;
  Json json = {{"format", kFormat},
               {"publication", publication.number},
               {"run", publication.run},
               {"author", publication.author},
               {"at", to_string(publication.at)},
               {"message", publication.message},
               {"last_run", record.last_run},
               {"whole", record.is_whole},
               {"entries", Json::array()}};
  for (const RecordedEntry& entry : record.entries) json["entries"].push_back(to_json(entry));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

PublicationRecord parse_record(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != kFormat)
      throw Error(ErrorKind::Data, fmt::format("it has format {}, and this Lochan knows {}", json.at("format").dump(), kFormat));
    PublicationRecord record;
    record.publication = {json.at("publication"), json.at("run"), json.at("author"),
                          parse_instant(json.at("at").get<std::string>()), json.at("message")};
    record.last_run = json.at("last_run");
    record.is_whole = json.at("whole");
    for (const Json& entry : json.at("entries")) record.entries.push_back(parse_entry(entry));
    return record;
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Data, fmt::format("it is no record of a publication: {}", failure.what()));
  }
}

void write_missing_records(Catalog& catalog) noexcept {
  try {
    Recorder(catalog.impl()).run();
  } catch (const std::exception&) {
    // What was published is published; the rows of `unrecorded` say what is still to be written.
  }
}

}  // namespace lochan
