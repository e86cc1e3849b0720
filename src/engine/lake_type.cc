#include "engine/lake_type.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/sql.h"
#include "base/text.h"
#include "engine/sql_text.h"
#include "project/column_type.h"

namespace lochan {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array<Pair, 31> kTypes{{{"BOOLEAN", "BOOLEAN"},
                                       {"TINYINT", "INTEGER"},
                                       {"SMALLINT", "INTEGER"},
                                       {"INTEGER", "INTEGER"},
                                       {"BIGINT", "BIGINT"},
                                       {"HUGEINT", "DECIMAL(38,0)"},
                                       {"UTINYINT", "INTEGER"},
                                       {"USMALLINT", "INTEGER"},
                                       {"UINTEGER", "BIGINT"},
                                       {"UBIGINT", "DECIMAL(20,0)"},
                                       {"UHUGEINT", "DECIMAL(38,0)"},
                                       {"FLOAT", "FLOAT"},
                                       {"DOUBLE", "DOUBLE"},
                                       {"DATE", "DATE"},
                                       {"TIME", "TIME"},
                                       {"TIME_NS", "TIME"},
                                       {"TIMESTAMP", "TIMESTAMP"},
                                       {"TIMESTAMP_S", "TIMESTAMP"},
                                       {"TIMESTAMP_MS", "TIMESTAMP"},
                                       {"TIMESTAMP_NS", "TIMESTAMP"},
                                       {"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"},
                                       {"TIMETZ", "VARCHAR"},
                                       {"VARCHAR", "VARCHAR"},
                                       {"BLOB", "BLOB"},
                                       {"UUID", "UUID"},
                                       {"INTERVAL", "VARCHAR"},
                                       {"JSON", "VARCHAR"},
                                       {"BIT", "VARCHAR"},
                                       {"BIGNUM", "VARCHAR"},
                                       {"VARIANT", "VARCHAR"},
                                       {"NULL", "INTEGER"}}};

// Reads a type as DuckDB writes it, and writes it anew.
class TypeReader {
 public:
  explicit TypeReader(std::string_view text) : text_(text), token_(next_token(text, 0)) {}

  /// Nothing when the text is no type.
  std::optional<std::string> read_all() {
    std::optional<std::string> type = read();
    return token_ ? std::nullopt : type;
  }

 private:
  std::optional<std::string> read() {
    if (!token_) return std::nullopt;
    const std::string name = take_name();
    std::optional<std::string> type;
    if (name == "STRUCT") {
      type = read_struct();
    } else if (name == "MAP") {
      type = read_map();
    } else if (name == "DECIMAL") {
      type = decimal(take_parentheses());
    } else {
      take_parentheses();  // ENUM(…), UNION(…), VARCHAR(10), GEOMETRY('…'), TIMESTAMP(6)
      type = plain(name);
    }
    while (type && is("[")) {  // a list, or an array of a fixed size
      while (token_ && !is("]")) take();
      take();
      *type += "[]";
    }
    return type;
  }

  // With what DuckDB takes for the digits that aren't written.
  static std::string decimal(std::string_view parentheses) {
    std::string digits(parentheses);
    std::erase(digits, ' ');
    if (digits.empty()) digits = "(18,3)";
    if (digits.find(',') == std::string::npos) digits.insert(digits.size() - 1, ",0");
    return "DECIMAL" + digits;
  }

  std::string plain(const std::string& name) {
    std::string known = name;
    if ((name == "DOUBLE" && is_word("precision")) || (name == "VARCHAR" && is_word("varying"))) {
      take();
      take_parentheses();
    }
    if ((name == "TIMESTAMP" || name == "TIME") && is_word("with")) {
      take(), take(), take();
      known = name + "TZ";
    }
    const auto found = std::ranges::find(kTypes, std::string_view(known), &Pair::first);
    return found == kTypes.end() ? "VARCHAR" : std::string(found->second);
  }

  std::optional<std::string> read_struct() {
    std::vector<std::string> fields;
    if (!take_symbol("(")) return std::nullopt;
    while (token_ && !is(")")) {
      const std::string name(token_->of(text_));
      take();
      const std::optional<std::string> type = read();
      if (!type) return std::nullopt;
      fields.push_back(name + " " + *type);
      if (!is(")") && !take_symbol(",")) return std::nullopt;
    }
    take();
    return fmt::format("STRUCT({})", fmt::join(fields, ", "));
  }

  std::optional<std::string> read_map() {
    if (!take_symbol("(")) return std::nullopt;
    const std::optional<std::string> key = read();
    if (!key || !take_symbol(",")) return std::nullopt;
    const std::optional<std::string> value = read();
    if (!value || !take_symbol(")")) return std::nullopt;
    return fmt::format("MAP({}, {})", *key, *value);
  }

  bool is(std::string_view symbol) const { return token_ && token_->of(text_) == symbol; }
  bool is_word(std::string_view word) const {
    return token_ && token_->kind == SqlTokenKind::Word && text::lower(token_->of(text_)) == word;
  }

  void take() {
    if (token_) token_ = next_token(text_, token_->end());
  }
  bool take_symbol(std::string_view symbol) {
    if (!is(symbol)) return false;
    take();
    return true;
  }
  std::string take_name() {
    std::string name(token_->of(text_));
    if (token_->kind == SqlTokenKind::QuotedName) name = name.substr(1, name.size() - 2);
    take();
    return std::string(own_type_name(name));
  }
  std::string_view take_parentheses() {
    if (!is("(")) return "";
    const std::size_t start = token_->offset;
    std::size_t end = start;
    int depth = 0;
    while (token_) {
      if (is("(")) ++depth;
      if (is(")")) --depth;
      end = token_->end();
      take();
      if (depth == 0) break;
    }
    return text_.substr(start, end - start);
  }

  std::string_view text_;
  std::optional<SqlToken> token_;
};

}  // namespace

std::string lake_type(std::string_view type) { return TypeReader(type).read_all().value_or("VARCHAR"); }

std::string select_for_lake(std::string_view select, std::span<const Column> columns) {
  std::vector<std::string> casts;
  bool fits = true;
  for (const Column& column : columns) {
    const std::string name = sql::identifier(column.name);
    const std::string type = lake_type(column.type);
    fits = fits && type == column.type;
    casts.push_back(type == column.type ? name : fmt::format("cast({0} as {1}) as {0}", name, type));
  }
  return fits ? std::string(select) : fmt::format("select {} from (\n{}\n)", fmt::join(casts, ", "), select);
}

}  // namespace lochan
