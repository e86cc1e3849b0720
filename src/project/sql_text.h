// SQL as text: where its comments and quoted parts are. What the SQL means is the engine's to say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lochan {

struct SqlPart {
  enum class Kind { Code, Comment, Quoted };
  Kind kind = Kind::Code;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The whole text in order, as DuckDB's scanner splits it: nested comments, '' and "" doubled, e'\'', $tag$…$tag$.
/// What is not closed reaches to the end.
std::vector<SqlPart> split_sql(std::string_view sql);

/// `text` with [begin, end) overwritten by blanks; ends of lines stay.
void blank_out(std::string& text, std::size_t begin, std::size_t end);

/// Whether there is nothing but blanks and `;`.
bool is_blank_sql(std::string_view sql);

}  // namespace lochan
