// The lifecycle of layers: settings that exclude each other.
#include <fmt/format.h>

#include "project/verify_project.h"

namespace lochan {
namespace {

constexpr std::chrono::hours kDay{24};

}  // namespace

void verify_lifecycle(const Project& project, Problems& problems) {
  for (const auto& [name, layer] : project.layers) {
    const auto refuse = [&, &position = layer.position](const std::string& what, const std::string& hint) {
      problems.add(position, fmt::format("layer `{}` {}", layer.name, what), hint);
    };
    if (layer.immutable && (layer.archive_after || layer.delete_after))
      refuse("is immutable, so nothing of it can be archived or deleted",
             "take away `immutable`, or `archive_after` and `delete_after`");
    if (layer.archive && !layer.archive_after)
      refuse("has an `archive` and no `archive_after`", "say when: archive_after: 30d");
    if (!layer.archive_class.empty() && !(layer.archive && layer.archive->is_on_s3()))
      refuse("has an `archive_class`, and its archive is a folder",
             "storage classes are S3's: archive: s3://bucket/prefix");
    for (const auto& age : {layer.archive_after, layer.delete_after})
      if (age && *age < kDay) refuse("would lose days before they are over", "give a day (1d) or more");
    if (layer.archive_after && layer.delete_after && *layer.delete_after <= *layer.archive_after)
      refuse("deletes before it archives", "`delete_after` counts from the day itself: let it be longer than `archive_after`");
  }
}

}  // namespace lochan
