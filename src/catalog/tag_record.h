// The record of a tag: a small file in the lake that says what main had at the tagged publication. With it `adopt`
// keeps tags, whose publications' own records are gone long since (publication_record.h). docs/backup.md has the
// format.
#pragma once

#include <string>
#include <string_view>

#include "catalog/publication_record.h"

namespace lochan {

inline constexpr std::string_view kTagFolder = "_tags/";

struct TagRecord {
  Catalog::Tag tag;
  PublicationRecord record;  // a whole one
};

/// `_tags/year-end.json`
std::string tag_record_name(const std::string& tag);
std::string to_text(const TagRecord& record);
/// Throws Error{Data} for what is no record.
TagRecord parse_tag_record(std::string_view text);

/// Writes the records of tags that have none. Throws when it can't.
void write_missing_tags(Catalog::Impl& catalog);
/// Of a tag that was dropped. One that can't be removed is left, and throws nothing.
void remove_tag_record(Catalog::Impl& catalog, const std::string& tag) noexcept;

}  // namespace lochan
