// The kinds of sinks there are: one line each.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "sink/kinds.h"

namespace lochan {
namespace {

struct SinkKind {
  std::string_view name;  // of its connections
  std::unique_ptr<Sink> (*make)(const Connection&);
};

constexpr std::array kKinds = {
    SinkKind{"files", make_files_sink},
    SinkKind{"mongodb", make_mongodb_sink},
    SinkKind{"postgres", make_postgres_sink},
};

}  // namespace

std::unique_ptr<Sink> make_sink(const Connection& connection) {
  std::vector<std::string> names;
  for (const SinkKind& kind : kKinds) {
    if (kind.name == connection.kind) return kind.make(connection);
    names.emplace_back(kind.name);
  }
  throw Error(ErrorKind::Project, fmt::format("connection `{}` is of kind `{}`, which no sink can write to",
                                              connection.name, connection.kind))
      .at(connection.position)
      .hint(text::did_you_mean(connection.kind, names, fmt::format("there are {}", fmt::join(names, ", "))));
}

}  // namespace lochan
