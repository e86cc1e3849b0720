#include "catalog/tag_record.h"

#include "base/error.h"
#include "catalog/catalog_impl.h"

namespace lochan {
namespace {

constexpr int kFormat = 1;

PublicationRecord whole_record(const Catalog::Impl& catalog, const Publication& publication) {
  PublicationRecord record{publication, publication.run, true, {}};
  for (const Entry& entry : catalog.rows.entries(publication.number))
    record.entries.push_back({entry.table, false, entry.kind, catalog.metadata.name_of(entry.metadata_location),
                              entry.data_version, entry.from_publication});
  return record;
}

}  // namespace

std::string tag_record_name(const std::string& tag) { return std::string(kTagFolder) + tag + ".json"; }

std::string to_text(const TagRecord& record) {
  const Json json = {{"format", kFormat},
                     {"tag", record.tag.name},
                     {"author", record.tag.author},
                     {"at", to_string(record.tag.at)},
                     {"record", Json::parse(to_text(record.record))}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

TagRecord parse_tag_record(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != kFormat) throw Error(ErrorKind::Data, "it has a format that this Lochan doesn't know");
    TagRecord record;
    record.record = parse_record(json.at("record").dump());
    record.tag = {json.at("tag"), record.record.publication.number, json.at("author"),
                  parse_instant(json.at("at").get<std::string>())};
    return record;
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Data, std::string("it is no record of a tag: ") + failure.what());
  }
}

void write_missing_tags(Catalog::Impl& catalog) {
  for (const DbRow& row : catalog.state.query("select name, publication, author, at from tag where not exists (select "
                                              "1 from recorded_tag as r where r.name = tag.name)")) {
    const auto publication = catalog.rows.publication(row.integer(1));
    if (!publication) continue;
    const Catalog::Tag tag{row.text(0), row.integer(1), row.text(2), instant_from_micros(row.integer(3))};
    catalog.store.write(tag_record_name(tag.name), to_text(TagRecord{tag, whole_record(catalog, *publication)}));
    catalog.store.sync();
    catalog.state.execute(
        "insert into recorded_tag(name) select $1 where not exists (select 1 from recorded_tag where name = $1)",
        {tag.name});
  }
}

void remove_tag_record(Catalog::Impl& catalog, const std::string& tag) noexcept {
  try {
    catalog.store.remove(tag_record_name(tag));
  } catch (const std::exception&) {
    // The state says that there is no such tag; only `adopt` would find it again.
  }
}

}  // namespace lochan
