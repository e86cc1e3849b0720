#include "catalog/resting_objects.h"

namespace lochan {

ObjectRest rest_of(std::string_view storage_class, std::string_view restore, std::string_view archive_status) {
  ObjectRest object{Rest::Awake, std::string(storage_class), !archive_status.empty()};
  const bool needs_waking = object.sank || storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
  if (!needs_waking || restore.find("ongoing-request=\"false\"") != std::string_view::npos) return object;
  object.rest = restore.find("ongoing-request=\"true\"") != std::string_view::npos ? Rest::Waking : Rest::Asleep;
  return object;
}

std::string_view to_string(RetrievalTier tier) {
  switch (tier) {
    case RetrievalTier::Standard:
      return "Standard";
    case RetrievalTier::Expedited:
      return "Expedited";
    case RetrievalTier::Bulk:
      return "Bulk";
  }
  return "";
}

// "Archive retrieval options", Amazon S3 User Guide.
std::string_view waking_time(const ObjectRest& object, RetrievalTier tier) {
  const bool is_deep = object.storage_class == "DEEP_ARCHIVE";
  switch (tier) {
    case RetrievalTier::Standard:
      return is_deep || object.sank ? "12 hours" : "5 hours";
    case RetrievalTier::Expedited:
      return "5 minutes";
    case RetrievalTier::Bulk:
      return is_deep || object.sank ? "48 hours" : "12 hours";
  }
  return "";
}

}  // namespace lochan
