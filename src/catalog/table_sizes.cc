#include "catalog/table_sizes.h"

#include <fmt/format.h>

#include "base/error.h"
#include "catalog/catalog_impl.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

constexpr std::chrono::hours kLookAgain{1};

std::int64_t count(const Json& summary, const char* key) {
  const auto found = summary.find(key);
  return found != summary.end() && found->is_string() ? std::atoll(found->get_ref<const std::string&>().c_str()) : 0;
}

TableSize look(Catalog& catalog, ObjectStore& store, const Entry& entry) {
  TableSize size;
  try {
    const auto metadata = catalog.impl().metadata.read(entry.metadata_location);
    const auto current = current_snapshot_id(*metadata);
    if (const Json* snapshot = current ? find_snapshot(*metadata, *current) : nullptr) {
      const Json summary = snapshot->value("summary", Json::object());
      size.data_files = count(summary, "total-data-files");
      size.delete_files = count(summary, "total-delete-files");
    }
    store.list(fmt::format("{}/{}/", entry.table.layer, entry.table.name), [&](const ObjectInfo& file) { size.bytes += file.size_bytes; });
  } catch (const Error&) {
    return {};  // a query that needs the file tells what is wrong with it
  }
  return size;
}

}  // namespace

TableSize TableSizes::of(Catalog& catalog, ObjectStore& store, const Entry& entry, Instant now) {
  if (entry.kind == EntryKind::View) return {};
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(entry.table);
    if (found != known_.end() && found->second.metadata_location == entry.metadata_location && now - found->second.at < kLookAgain)
      return found->second.size;
  }
  const TableSize size = look(catalog, store, entry);
  const std::lock_guard lock(mutex_);
  known_[entry.table] = {entry.metadata_location, now, size};
  return size;
}

}  // namespace lochan
