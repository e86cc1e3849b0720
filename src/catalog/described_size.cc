#include "catalog/described_size.h"

#include <charconv>

#include "catalog/catalog_impl.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

std::optional<std::int64_t> count(const Json& summary, const char* key) {
  const auto found = summary.find(key);
  if (found == summary.end() || !found->is_string()) return std::nullopt;
  const std::string& text = found->get_ref<const std::string&>();
  std::int64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<DescribedSize> described_size(Catalog& catalog, const Entry& entry) {
  if (entry.kind != EntryKind::Table) return std::nullopt;
  const auto metadata = catalog.impl().metadata.read(entry.metadata_location);
  const auto current = current_snapshot_id(*metadata);
  if (!current) return DescribedSize{};
  const Json* snapshot = find_snapshot(*metadata, *current);
  if (snapshot == nullptr || !snapshot->contains("summary")) return std::nullopt;
  const Json& summary = snapshot->at("summary");
  const auto records = count(summary, "total-records");
  const auto data_files = count(summary, "total-data-files");
  const auto delete_files = count(summary, "total-delete-files");
  if (!records || !data_files || !delete_files) return std::nullopt;
  return DescribedSize{*records, *data_files, *delete_files};
}

}  // namespace lochan
