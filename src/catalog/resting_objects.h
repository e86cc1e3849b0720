// Objects that rest: what lies in S3's classes GLACIER and DEEP_ARCHIVE, or has sunk to the archive tiers of
// INTELLIGENT_TIERING, can't be read before a copy of it was asked for, which takes hours ("Restoring an archived
// object", Amazon S3 User Guide).
#pragma once

#include <string>
#include <string_view>

namespace lochan {

enum class Rest { Awake, Asleep, Waking };

struct ObjectRest {
  Rest rest = Rest::Awake;
  std::string storage_class{};  // "" for S3's STANDARD
  bool sank = false;            // within INTELLIGENT_TIERING: it is moved for good, so no time is given
};

/// What the headers of an answer say: `x-amz-storage-class`, `x-amz-restore`, `x-amz-archive-status`.
ObjectRest rest_of(std::string_view storage_class, std::string_view restore, std::string_view archive_status);

/// How soon, and at which price: S3's words for it.
enum class RetrievalTier { Standard, Expedited, Bulk };
std::string_view to_string(RetrievalTier tier);

/// What S3 promises: "5 hours".
std::string_view waking_time(const ObjectRest& object, RetrievalTier tier);

/// What some stores can do beside.
class RestingObjects {
 public:
  virtual ~RestingObjects() = default;

  virtual ObjectRest rest_of_object(std::string_view name) = 0;  // NotFound
  /// Asks for a copy that can be read for so many days; no error when somebody has done so.
  virtual void wake(std::string_view name, const ObjectRest& object, int days, RetrievalTier tier) = 0;
};

}  // namespace lochan
