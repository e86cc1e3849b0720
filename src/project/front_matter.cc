#include "project/front_matter.h"

#include <algorithm>

#include "base/text.h"
#include "project/sql_text.h"

namespace lochan {
namespace {

/// The size of `/* ---` at the beginning of a comment, 0 when it is an ordinary one.
std::size_t opening_size(std::string_view comment) {
  if (!comment.starts_with("/*")) return 0;
  std::size_t at = std::min(comment.find_first_not_of(" \t\r\n", 2), comment.size());
  if (comment.substr(at, 3) != "---") return 0;
  at += 3;
  // A line of dashes is decoration.
  return at < comment.size() && comment[at] == '-' ? 0 : at;
}

/// Where the `--- */` at a comment's end begins; npos when the comment ends otherwise.
std::size_t find_closing(std::string_view comment) {
  if (!comment.ends_with("*/")) return std::string_view::npos;
  const std::string_view inside = text::trim(comment.substr(0, comment.size() - 2));
  if (!inside.ends_with("---")) return std::string_view::npos;
  return static_cast<std::size_t>(inside.data() + inside.size() - comment.data()) - 3;
}

Position position_of(std::string_view text, std::size_t offset, const std::string& file) {
  const auto [line, column] = text::line_column(text, offset);
  return {file, line, column};
}

/// The front matter's YAML with what stands before it blanked, so that its lines and columns are the file's.
std::optional<YamlValue> read_front_matter(std::string_view text, const SqlPart& part, const std::string& file,
                                           Problems& problems) {
  const std::string_view comment = text.substr(part.begin, part.end - part.begin);
  const std::size_t opening = opening_size(comment);
  const std::size_t closing = find_closing(comment);
  if (closing == std::string_view::npos || closing < opening) {
    problems.add(position_of(text, part.begin, file), "the front matter is not closed", "end it with `--- */`");
    return std::nullopt;
  }
  std::string yaml(text.substr(0, part.begin + closing));
  blank_out(yaml, 0, part.begin + opening);
  auto value = read_yaml(yaml, file, problems);
  if (value && value->kind == YamlValue::Kind::Null) value->position = position_of(text, part.begin, file);
  return value;
}

/// A model is put into other statements whole: its last `;` would end them.
void blank_last_semicolons(std::string& sql) {
  const auto last = sql.find_last_not_of("; \t\r\n\v\f");
  blank_out(sql, last == std::string::npos ? 0 : last + 1, sql.size());
}

}  // namespace

SqlFile read_sql_file(std::string_view text, const std::string& file, Problems& problems) {
  SqlFile result;
  result.sql = text;
  result.front_matter.emplace().position = {file, 1, 1};
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) blank_out(result.sql, 0, kByteOrderMark.size());
  const std::string whole = result.sql;

  bool is_at_top = true;
  for (const SqlPart& part : split_sql(whole)) {
    if (part.kind == SqlPart::Kind::Comment) {
      const std::string_view comment = std::string_view(whole).substr(part.begin, part.end - part.begin);
      if (is_at_top && opening_size(comment) > 0) {
        result.front_matter = read_front_matter(whole, part, file, problems);
        is_at_top = false;
      }
      blank_out(result.sql, part.begin, part.end);
    } else if (!is_blank_sql(std::string_view(whole).substr(part.begin, part.end - part.begin))) {
      is_at_top = false;
    }
  }
  blank_last_semicolons(result.sql);
  result.begin = position_of(result.sql, std::min(result.sql.find_first_not_of(" \t\r\n"), result.sql.size()), file);
  return result;
}

}  // namespace lochan
