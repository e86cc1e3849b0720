#include "base/sql.h"
#include "engine/shadow.h"
#include "engine/sql_text.h"

namespace lochan {

std::string rewrite(std::string_view sql, std::span<const TableReference> references,
                    const std::function<std::string(const TableName&)>& resolve) {
  const std::vector<StatementText> statements = split_statements(sql);
  const std::size_t end = statements.empty() ? sql.size() : statements.front().offset + statements.front().size;
  std::string text;
  std::size_t from = 0;
  for (const TableReference& reference : references) {
    text += sql.substr(from, reference.offset - from);
    text += resolve(reference.table);
    if (!reference.has_alias) text += " as " + sql::identifier(reference.table.name);
    from = reference.offset + reference.size;
  }
  text += sql.substr(from, end - from);
  return text;
}

}  // namespace lochan
