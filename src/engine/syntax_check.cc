#include "engine/syntax_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "engine/fault.h"
#include "engine/sql_text.h"

namespace lochan {
namespace {

class Checker {
 public:
  Checker(const SyntaxTree& tree, std::string_view sql, const std::string& file, const std::set<std::string>& names)
      : tree_(tree), sql_(sql), file_(file), names_(names) {}

  void check() const {
    check_is_one_select();
    for (const SyntaxTable& table : tree_.tables) check_table(table);
    check_aliases();
    check_columns();
    for (const std::string& name : tree_.parameters) {
      if (!name.empty() && name[0] >= '0' && name[0] <= '9')
        fail(0, "a parameter has no name", "write `$since`, `$until`, `$run_at` or a variable of the project");
    }
  }

 private:
  [[noreturn]] void fail(std::size_t offset, std::string message, std::string hint = "") const {
    const text::LineColumn place = text::line_column(sql_, offset);
    throw Error(ErrorKind::Project, std::move(message)).at({file_, place.line, place.column}).hint(std::move(hint));
  }

  void check_is_one_select() const {
    const std::vector<StatementText> statements = split_statements(sql_);
    const std::size_t start = statements.empty() ? 0 : statements.front().offset;
    if (statements.size() > 1)
      fail(statements[1].offset, "there is more than one statement", "a query of a project is one SELECT");
    if (tree_.error_kind == "parser") {
      Fault fault;
      fault.message = tree_.error;
      fail(tree_.error_offset ? byte_of_character(sql_, *tree_.error_offset) : start, to_error(fault).message());
    }
    if (!tree_.error.empty() || tree_.has_show)
      fail(start, "this is no SELECT", "a query of a project is one SELECT; a `pivot` names its values: `on x in (…)`");
    if (tree_.statements == 0) fail(0, "there is no SELECT");
  }

  void check_table(const SyntaxTable& table) const {
    if (!table.catalog.empty())
      fail(table.offset, fmt::format("`{}.{}.{}` has three parts", table.catalog, table.schema, table.name),
           "a table's name is `layer.name`");
    if (table.schema.empty() && !table.is_cte)
      fail(table.offset, fmt::format("no table `{}`: a table's name is `layer.name`", table.name), nearest(table.name));
    if (table.has_at)
      fail(table.offset, fmt::format("`{}.{}` is read as of another time", table.schema, table.name),
           "leave `at (…)` out: a query of a project reads its tables as they are");
  }

  // By the plain name: `sale` may be `raw.sale`, or a CTE with another spelling.
  std::string nearest(const std::string& name) const {
    std::vector<std::string> plain = tree_.cte_names;
    std::vector<std::string> same;
    for (const std::string& full : names_) {
      plain.push_back(full.substr(full.find('.') + 1));
      if (text::lower(plain.back()) == text::lower(name)) same.push_back("`" + full + "`");
    }
    if (!same.empty()) return fmt::format("did you mean {}?", fmt::join(same, " or "));
    const std::string near = text::nearest(name, plain);
    const auto full = std::ranges::find_if(
        names_, [&](const std::string& candidate) { return candidate.substr(candidate.find('.') + 1) == near; });
    if (near.empty()) return "name a table of the lake, or a CTE of this query";
    return fmt::format("did you mean `{}`?", full == names_.end() ? near : *full);
  }

  // Without aliases both would be `sale`.
  void check_aliases() const {
    for (auto one = tree_.tables.begin(); one != tree_.tables.end(); ++one) {
      for (auto other = tree_.tables.begin(); other != one; ++other) {
        if (one->has_alias || other->has_alias || one->scope != other->scope || one->is_cte || other->is_cte) continue;
        if (text::lower(one->name) == text::lower(other->name))
          fail(one->offset, fmt::format("two tables are called `{}` here", one->name),
               fmt::format("give an alias: `{}.{} as {}_{}`", one->schema, one->name, one->schema, one->name));
      }
    }
  }

  // The table will be read by another full name, so only its plain name can stand before a column.
  void check_columns() const {
    for (const SyntaxColumn& column : tree_.long_columns) {
      const auto is_named = [&](const SyntaxTable& table) {
        return text::lower(table.schema) == text::lower(column.parts[0]) &&
               text::lower(table.name) == text::lower(column.parts[1]);
      };
      if (std::ranges::any_of(tree_.tables, is_named))
        fail(column.offset, fmt::format("the column `{}` has its layer before it", fmt::join(column.parts, ".")),
             fmt::format("write `{}.{}`", column.parts[1], column.parts[2]));
    }
  }

  const SyntaxTree& tree_;
  std::string_view sql_;
  const std::string& file_;
  const std::set<std::string>& names_;
};

}  // namespace

void check_syntax(const SyntaxTree& tree, std::string_view sql, const std::string& file,
                  const std::set<std::string>& names) {
  Checker(tree, sql, file, names).check();
}

}  // namespace lochan
