// The keys of checks: entries of `checks:`, and the front matter of checks/*.sql.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "project/file_keys.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

/// What the mapping form of each kind has besides its own keys.
Keys<CheckConfig>& add_common(Keys<CheckConfig>& keys) {
  return keys.add("severity", &CheckConfig::severity, "`error` holds the table back; `warn` only tells")
      .add("where", &CheckConfig::where, "only rows for which this SQL is true")
      .add("name", &CheckConfig::name, "by default its kind and columns, such as `not_null_id`",
           {.shape = Shape::Word});
}

/// Of kinds that look at one row at a time: what they refuse may go elsewhere.
Keys<CheckConfig>& add_row_common(Keys<CheckConfig>& keys) {
  return add_common(keys).add("on_fail", &CheckConfig::on_fail,
                              "`hold_back`: the table waits for what is wrong to be corrected; `quarantine`: rows that "
                              "fail go to `<table>__rejected`, and the others are published");
}

Keys<CheckConfig>& add_column(Keys<CheckConfig>& keys) {
  return keys.add({.name = "column", .is_required = true, .help = "the column that is checked"},
                  [](ValueReader& reader, const YamlValue& value, CheckConfig& check) {
                    if (auto text = reader.read_scalar(value, "column", {}))
                      check.columns = {{std::move(*text), value.position}};
                  });
}

/// `min` and `max`: at least one of them, the lower first.
void verify_bounds(ValueReader& reader, const YamlValue& value, const CheckConfig& check) {
  const bool writes_bound = std::ranges::any_of(
      value.entries, [](const YamlEntry& entry) { return entry.key == "min" || entry.key == "max"; });
  if (!writes_bound)
    reader.problems().add(value.position, fmt::format("`{}` has no bound", check.kind), "give `min:`, `max:` or both");
  const auto low = check.min ? parse_number(*check.min) : std::nullopt;
  const auto high = check.max ? parse_number(*check.max) : std::nullopt;
  if (low && high && *low > *high)
    reader.problems().add(value.position, fmt::format("`min` of `{}` is above its `max`", check.kind));
}

/// Where the entry's own keys have no mapping to stand in, such as `range: price`.
bool is_mapping(ValueReader& reader, const YamlValue& value, std::string_view kind, const ValueType& type) {
  if (value.kind == YamlValue::Kind::Mapping) return true;
  reader.add_wrong_type(value, kind, type);
  return false;
}

void name_check(CheckConfig& check) {
  if (!check.name.empty()) return;
  check.name = check.kind;
  for (const LocatedText& column : check.columns) check.name += "_" + column.value;
  if (check.kind != "expression") return;
  // `price >= 0` becomes `expression_price_0`: stable when other checks come and go.
  check.name += "_";
  for (const char letter : check.expression) {
    const bool is_word = is_plain_word(std::string("_") + letter);
    if (is_word)
      check.name += letter;
    else if (!check.name.ends_with('_'))
      check.name += '_';
  }
  while (check.name.ends_with('_')) check.name.pop_back();
  check.name = cut_text(check.name, 60);
}

using Checks = std::vector<CheckConfig>;

/// One kind: `short_type` is how it may be written without a mapping.
void add_kind(Keys<Checks>& keys, std::string_view kind, const Keys<CheckConfig>& own,
              std::optional<ValueType> short_type, std::string_view help,
              void (*read_short)(ValueReader&, const YamlValue&, const Key&, CheckConfig&)) {
  Key key{.name = kind, .type = short_type.value_or(ValueType{.shape = Shape::Mapping}), .help = help};
  key.type.keys = &own.table();
  keys.add(key, [key, &own, read_short](ValueReader& reader, const YamlValue& value, Checks& checks) {
    CheckConfig check;
    check.kind = key.name;
    check.position = value.position;
    if (value.kind == YamlValue::Kind::Mapping || read_short == nullptr) {
      if (!is_mapping(reader, value, key.name, key.type)) return;
      own.read(reader, value, check);
      if (check.kind == "range" || check.kind == "row_count") verify_bounds(reader, value, check);
    } else {
      read_short(reader, value, key, check);
    }
    checks.push_back(std::move(check));
  });
}

void read_short_columns(ValueReader& reader, const YamlValue& value, const Key& key, CheckConfig& check) {
  check.columns = reader.read_list(value, key.name, key.type);
}

void read_short_expression(ValueReader& reader, const YamlValue& value, const Key& key, CheckConfig& check) {
  check.expression = reader.read_scalar(value, key.name, key.type).value_or("");
}

Keys<Checks> make_check_keys() {
  Keys<Checks> keys("check", "A check, in `checks`",
                    "What must hold of a table before it is published. Each entry of `checks` is one of these.");
  const ValueType columns{.shape = Shape::Text, .count = Count::OneOrList};
  add_kind(keys, "not_null", not_null_keys(), columns, "no row has a null there; one check for each column",
           read_short_columns);
  add_kind(keys, "unique", unique_keys(), columns, "no two rows are equal there; a list is one combination",
           read_short_columns);
  add_kind(keys, "accepted_values", accepted_values_keys(), {}, "a column holds these values only", nullptr);
  add_kind(keys, "range", range_keys(), {}, "a column's values lie between two bounds", nullptr);
  add_kind(keys, "pattern", pattern_keys(), {}, "a column's whole value matches a regular expression", nullptr);
  add_kind(keys, "relationships", relationships_keys(), {}, "each value is there in another table", nullptr);
  add_kind(keys, "row_count", row_count_keys(), {}, "how many rows the table has", nullptr);
  add_kind(keys, "freshness", freshness_keys(), {}, "a column's newest value is not too old", nullptr);
  add_kind(keys, "reconciliation", reconciliation_keys(), columns,
           "a raw table holds what its source says it has; `{}` compares the number of rows alone", read_short_columns);
  add_kind(keys, "expression", expression_keys(), ValueType{}, "an SQL expression is false for no row; null passes",
           read_short_expression);
  keys.one_of();
  return keys;
}

/// A `not_null` of several columns is a check for each.
void append_checks(Checks& into, Checks read) {
  for (CheckConfig& check : read) {
    if (check.kind == "not_null" && check.columns.size() > 1) {
      for (const LocatedText& column : check.columns) {
        CheckConfig one = check;
        one.columns = {column};
        one.position = column.position;
        if (!one.name.empty()) one.name += "_" + column.value;
        name_check(one);
        into.push_back(std::move(one));
      }
    } else {
      name_check(check);
      into.push_back(std::move(check));
    }
  }
}

void read_severity(ValueReader& reader, const YamlValue& value, CheckFile& file) {
  const Key key{.name = "severity", .type = Member<Severity>::type()};
  Member<Severity>::read(reader, value, key, file.config.severity);
}

}  // namespace

Key checks_key() {
  return {.name = "checks",
          .type = {.shape = Shape::Mapping, .count = Count::List, .keys = &check_keys().table()},
          .help = "what must hold of the table before it is published"};
}

std::vector<CheckConfig> read_checks(ValueReader& reader, const YamlValue& value) {
  Checks checks;
  if (value.kind != YamlValue::Kind::List) {
    reader.add_wrong_type(value, "checks", checks_key().type);
    return checks;
  }
  for (const YamlValue& item : value.items) {
    const std::size_t before = reader.problems().size();
    if (item.kind != YamlValue::Kind::Mapping || item.entries.empty()) {
      reader.problems().add(item.position, fmt::format("a check is {}, wanted a mapping", describe_found(item)),
                            "such as `not_null: id`");
      continue;
    }
    if (item.entries.size() > 1)
      reader.problems().add(item.entries[1].position,
                            fmt::format("one check has two keys, `{}` and `{}`", cut_text(item.entries[0].key, 64),
                                        cut_text(item.entries[1].key, 64)),
                            "write one `-` for each check; its settings stand inside: `unique: { columns: id, "
                            "severity: warn }`");
    YamlValue first = item;
    first.entries.resize(1);
    Checks read;
    check_keys().read(reader, first, read);
    // What could not be read whole would only be said again by who makes a check of it.
    if (reader.problems().size() == before) append_checks(checks, std::move(read));
  }
  return checks;
}

const Keys<std::vector<CheckConfig>>& check_keys() {
  static const Keys<Checks> kKeys = make_check_keys();
  return kKeys;
}

const Keys<CheckConfig>& not_null_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("not_null", "`not_null` as a mapping", "Columns, with settings.");
    own.add("columns", &CheckConfig::columns, "the column or columns that are checked", {.is_required = true});
    return add_row_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& unique_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("unique", "`unique` as a mapping", "Columns, with settings.");
    own.add("columns", &CheckConfig::columns, "the column or columns that are checked", {.is_required = true});
    return add_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& accepted_values_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("accepted_values", "`accepted_values`", "Null passes.");
    add_column(own).add("values", &CheckConfig::values, "the values it may hold",
                        {.shape = Shape::Literal, .count = Count::List, .is_required = true});
    return add_row_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& range_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("range", "`range`", "At least one bound; the bounds themselves pass, and so does null.");
    add_column(own)
        .add("min", &CheckConfig::min, "the lowest value that passes", {.shape = Shape::Literal})
        .add("max", &CheckConfig::max, "the highest value that passes", {.shape = Shape::Literal});
    return add_row_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& pattern_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("pattern", "`pattern`", "Null passes. Values that are no text are matched as they print.");
    add_column(own).add("pattern", &CheckConfig::pattern,
                        "a regular expression (RE2's syntax) that the whole value matches, such as `'[A-Z]{2}[0-9]+'`",
                        {.is_required = true});
    return add_row_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& freshness_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("freshness", "`freshness`",
                          "The newest value of the column, against the time of the run; a table without rows fails. "
                          "Times without a zone are read as UTC, a date as its first instant.");
    add_column(own).add("max_age", &CheckConfig::max_age, "the oldest that the newest value may be, such as `6h`",
                        {.is_required = true});
    return add_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& reconciliation_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("reconciliation", "`reconciliation` as a mapping",
                          "Of a source's table. In the snapshot of each load the source is asked for its number of rows and "
                          "for the sum, the lowest and the highest value of the columns; the live rows of the raw table "
                          "must agree.");
    own.add("columns", &CheckConfig::columns, "columns that are compared besides the number of rows: numbers and times")
        .add("tolerance", &CheckConfig::tolerance,
             "how far the number of rows and sums may be apart: `10`, or `0.5%` of the source's; with it, lowest and highest "
             "values are not compared",
             {.shape = Shape::Literal})
        .add("severity", &CheckConfig::severity, "`error` holds the table back; `warn` only tells")
        .add("name", &CheckConfig::name, "by default its kind and columns, such as `reconciliation_amount`",
             {.shape = Shape::Word});
    return own;
  }();
  return kKeys;
}

const Keys<CheckConfig>& relationships_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("relationships", "`relationships`", "Null passes.");
    add_column(own)
        .add("to", &CheckConfig::to, "the other table, such as `staging.product`",
             {.shape = Shape::Table, .is_required = true})
        .add("field", &CheckConfig::field, "the column there", {.is_required = true});
    return add_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& row_count_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("row_count", "`row_count`", "At least one bound.");
    own.add("min", &CheckConfig::min, "the fewest rows that pass", {.shape = Shape::Integer, .least = 0})
        .add("max", &CheckConfig::max, "the most rows that pass", {.shape = Shape::Integer, .least = 0});
    return add_common(own);
  }();
  return kKeys;
}

const Keys<CheckConfig>& expression_keys() {
  static const Keys<CheckConfig> kKeys = [] {
    Keys<CheckConfig> own("expression", "`expression` as a mapping", "An SQL expression, with settings.");
    own.add("expression", &CheckConfig::expression, "must be false for no row", {.is_required = true});
    return add_row_common(own);
  }();
  return kKeys;
}

const Keys<CheckFile>& check_file_keys() {
  static const Keys<CheckFile> kKeys =
      Keys<CheckFile>("check_file", "Front matter of `checks/*.sql`",
                      "A check file is one SELECT whose rows are the failing ones. Its name is the check's.")
          .add("table", &CheckFile::table, "the table that is held back when rows fail",
               {.shape = Shape::Table, .is_required = true})
          .add({.name = "severity",
                .type = Member<Severity>::type(),
                .default_text = "error",
                .help = "`error` holds the table back; `warn` only tells"},
               read_severity)
          .add({.name = "description", .help = "what it means, for people"},
               [](ValueReader& reader, const YamlValue& value, CheckFile& file) {
                 if (auto text = reader.read_scalar(value, "description", {}))
                   file.config.description = std::move(*text);
               });
  return kKeys;
}

}  // namespace lochan
