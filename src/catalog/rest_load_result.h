// A table's metadata as the answer to a load or a commit (spec: LoadTableResult, CommitTableResponse), written straight
// from the shared metadata: nothing is copied.
#pragma once

#include <string>
#include <string_view>

#include "base/http_server.h"
#include "catalog/table_access.h"

namespace lochan {

/// What a reader wants of the table's history: everything, or what branches and tags name.
enum class SnapshotChoice { All, Refs };

HttpResponse load_response(const LoadedMetadata& loaded, SnapshotChoice choice);
HttpResponse commit_response(const LoadedMetadata& loaded);

/// Differs wherever the answer does: by ref, by metadata file, by choice.
std::string load_etag(const Ref& ref, const LoadedMetadata& loaded, SnapshotChoice choice);
/// Whether an `If-None-Match` header names the tag.
bool matches_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace lochan
