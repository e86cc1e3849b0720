#include "project/ref_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"
#include "project/scalar.h"
#include "project/sql_text.h"

namespace lochan {
namespace {

struct Call {
  std::string name;                    // ref, source
  std::vector<std::string> arguments;  // without their quotes
};

/// `'x'` or `"x"`: its inside.
std::optional<std::string> unquote(std::string_view text) {
  if (text.size() < 2 || text[0] != text.back() || (text[0] != '\'' && text[0] != '"')) return std::nullopt;
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (inside.find_first_of("'\"") != std::string_view::npos) return std::nullopt;
  return std::string(inside);
}

/// What stands between `{{` and `}}`.
std::optional<Call> parse_call(std::string_view inside) {
  if (inside.starts_with('-')) inside.remove_prefix(1);
  if (inside.ends_with('-')) inside.remove_suffix(1);
  inside = text::trim(inside);
  const auto open = inside.find('(');
  if (open == std::string_view::npos || !inside.ends_with(')')) return std::nullopt;
  Call call{std::string(text::trim(inside.substr(0, open))), {}};
  for (const std::string& argument : text::split(inside.substr(open + 1, inside.size() - open - 2), ',')) {
    auto value = unquote(text::trim(argument));
    if (!value) return std::nullopt;
    call.arguments.push_back(std::move(*value));
  }
  return call;
}

class NamePutter {
 public:
  NamePutter(std::string sql, const std::string& file, std::span<const TableName> tables, Problems& problems)
      : sql_(std::move(sql)), file_(file), tables_(tables), problems_(problems) {}

  std::string put() {
    std::string result;
    std::size_t copied = 0;
    for (std::size_t at = 0; (at = find_braces(at)) != std::string::npos;) {
      const std::size_t close = sql_.find(sql_[at + 1] == '{' ? "}}" : "%}", at + 2);
      const std::size_t end = close == std::string::npos ? sql_.size() : close + 2;
      result += sql_.substr(copied, at - copied);
      result += replace(at, close, end);
      copied = at = end;
    }
    return result + sql_.substr(copied);
  }

 private:
  /// The next `{{` or `{%` outside of quotes. (Comments are blank already.)
  std::size_t find_braces(std::size_t from) {
    if (parts_.empty()) parts_ = split_sql(sql_);
    for (; part_ < parts_.size(); ++part_) {
      const SqlPart& part = parts_[part_];
      if (part.kind != SqlPart::Kind::Code || part.end <= from) continue;
      const std::size_t begin = std::max(from, part.begin);
      const std::string_view code = std::string_view(sql_).substr(begin, part.end - begin);
      const auto found = std::min(code.find("{{"), code.find("{%"));
      if (found != std::string_view::npos) return begin + found;
    }
    return std::string::npos;
  }

  std::string replace(std::size_t begin, std::size_t close, std::size_t end) {
    std::string placeholder = sql_.substr(begin, end - begin);
    const auto table = close == std::string::npos ? unclosed(begin) : resolve(begin, close);
    if (!table) {
      blank_out(placeholder, 0, placeholder.size());
      return placeholder;
    }
    const std::string name = to_string(*table);
    const auto lines = static_cast<std::size_t>(std::ranges::count(placeholder, '\n'));
    const std::size_t taken = name.size() + lines;
    return name + std::string(placeholder.size() > taken ? placeholder.size() - taken : 0, ' ') +
           std::string(lines, '\n');
  }

  std::optional<TableName> unclosed(std::size_t begin) {
    problems_.add(position(begin), "a `{{` is not closed", "such as `{{ ref('name') }}`");
    return std::nullopt;
  }

  std::optional<TableName> resolve(std::size_t begin, std::size_t close) {
    const std::string inside = sql_.substr(begin + 2, close - begin - 2);
    const auto call = sql_[begin + 1] == '{' ? parse_call(inside) : std::nullopt;
    if (call && call->name == "ref" && call->arguments.size() == 1) return resolve_ref(begin, call->arguments[0]);
    if (call && call->name == "ref" && call->arguments.size() == 2)
      return resolve_full(begin, {call->arguments[0], call->arguments[1]});
    if (call && call->name == "source" && call->arguments.size() == 2)
      return resolve_full(begin, {"raw", call->arguments[1]});
    problems_.add(
        position(begin), fmt::format("`{}` is not read", cut_text(sql_.substr(begin, close + 2 - begin), 60)),
        "of dbt's templates only `{{ ref('name') }}` and `{{ source('source', 'table') }}` are; settings stand "
        "in front matter");
    return std::nullopt;
  }

  std::optional<TableName> resolve_ref(std::size_t begin, const std::string& name) {
    std::vector<TableName> found;
    for (const TableName& table : tables_)
      if (table.name == name) found.push_back(table);
    if (found.size() == 1) return found[0];
    if (found.empty()) {
      std::vector<std::string> names;
      for (const TableName& table : tables_) names.push_back(table.name);
      problems_.add(position(begin), fmt::format("no model or raw table is named `{}`", cut_text(name, 64)),
                    text::did_you_mean(cut_text(name, 64), names, ""));
      return std::nullopt;
    }
    std::vector<std::string> candidates;
    for (const TableName& table : found) candidates.push_back(fmt::format("`{}`", to_string(table)));
    problems_.add(position(begin), fmt::format("`{}` may be {}", name, fmt::join(candidates, " or ")),
                  fmt::format("write the full name, or `ref('{}', '{}')`", found[0].layer, name));
    return std::nullopt;
  }

  std::optional<TableName> resolve_full(std::size_t begin, const TableName& table) {
    if (std::ranges::find(tables_, table) != tables_.end()) return table;
    std::vector<std::string> names;
    for (const TableName& known : tables_) names.push_back(to_string(known));
    const std::string name = cut_text(to_string(table), 64);
    problems_.add(position(begin), fmt::format("no table `{}`", name), text::did_you_mean(name, names, ""));
    return std::nullopt;
  }

  Position position(std::size_t offset) const {
    const auto [line, column] = text::line_column(sql_, offset);
    return {file_, line, column};
  }

  std::string sql_;
  const std::string& file_;
  std::span<const TableName> tables_;
  Problems& problems_;
  std::vector<SqlPart> parts_;
  std::size_t part_ = 0;
};

}  // namespace

std::string put_names(std::string sql, const std::string& file, std::span<const TableName> tables, Problems& problems) {
  if (sql.find("{{") == std::string::npos && sql.find("{%") == std::string::npos) return sql;
  const std::size_t before = problems.size();
  std::string result = NamePutter(std::move(sql), file, tables, problems).put();
  return problems.size() > before ? "" : result;
}

}  // namespace lochan
