// Hadoop, and so Spark, writes `file:/lake/x` for what we call `file:///lake/x`.
#pragma once

#include <string>
#include <string_view>

namespace lochan {

/// The same place as we write it.
inline std::string canonical_uri(std::string uri) {
  constexpr std::string_view kScheme = "file:";
  if (uri.starts_with("file:/") && !uri.starts_with("file://")) uri.insert(kScheme.size(), "//");
  return uri;
}

}  // namespace lochan
