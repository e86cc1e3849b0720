// The catalog made again from the lake's files, when its state is lost: from the records of publications, and the sealed
// metadata that they name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"

namespace lochan {

/// A file that can't be what the lake needs: missing, cut short, of another size.
struct BrokenFile {
  std::string name;  // in the lake
  std::string what;
};

struct Adoption {
  Publication publication;  // the last one that is whole
  std::int64_t last_run = 0;
  std::vector<Entry> entries;
  std::vector<BrokenFile> damaged;  // with any, the lake isn't what it was at that publication
  struct Tagged {
    Catalog::Tag tag;
    Publication publication;
    std::vector<Entry> entries;
  };
  std::vector<Tagged> tags;           // of this and earlier publications, in their order
  std::vector<BrokenFile> lost_tags;  // which are left out, as something of theirs can't be used
};

/// Reads the records and every metadata file and manifest they lead to, and looks whether the data files are there in
/// their sizes. `at`: an earlier publication, not before the oldest record of all tables. Throws Error{NotFound} when the
/// lake has no records, or none of that publication.
Adoption read_adoption(Catalog& catalog, std::optional<std::int64_t> at);

/// Whether the lake has records of publications.
bool has_records(ObjectStore& store);

/// Throws Error{Conflict} when the state has any.
void require_no_publications(Catalog& catalog);

/// Puts it into the state, which must be empty: Error{Conflict} otherwise. One transaction; `also` runs in it.
void adopt(Catalog& catalog, const Adoption& adoption, const std::function<void()>& also);

}  // namespace lochan
