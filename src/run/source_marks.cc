#include "run/source_marks.h"

namespace lochan {

std::optional<std::string> SourceMarks::find(const std::string& source, const std::string& connection,
                                             const std::string& cursors) const {
  const auto rows = state_.query("select mark from source_mark where source = $1 and connection = $2 and cursors = $3",
                                 {source, connection, cursors});
  if (rows.empty()) return std::nullopt;
  return rows[0].text(0);
}

void SourceMarks::save(const std::string& source, const std::string& connection, const std::string& mark,
                       const std::string& cursors) {
  state_.execute(
      "insert into source_mark(source, connection, mark, cursors) values ($1, $2, $3, $4) on conflict(source, "
      "connection) do update set mark = $3, cursors = $4",
      {source, connection, mark, cursors});
}

}  // namespace lochan
