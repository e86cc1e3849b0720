// The reference page of project files in Markdown, from the tables the parser reads by.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "project/file_keys.h"
#include "project/key_table.h"
#include "project/read_project.h"
#include "project/scalar.h"

namespace lochan {
namespace {

constexpr std::string_view kIntroduction = R"(# Project files

A project is a folder with a `lochan.yaml`. This page is generated from the tables that the parser reads by: what it does
not name is an error. The same as a JSON Schema, for editors: `lochan schema`.

| where | what |
|---|---|
| `lochan.yaml` | the project |
| `sources/*.yaml` | what brings tables into the layer `raw` |
| `sinks/*.yaml` | what carries tables of the lake out to a connection |
| `commands/*.yaml` | programs as steps of a run |
| `models/<layer>/<name>.sql` | one SELECT that makes the table `<layer>.<name>` |
| `checks/*.sql` | one SELECT of the rows that should not be there |
| `macros/*.sql` | `create macro …` statements, for all models and checks |
| `.env` | variables of this machine; never committed |

## Values

- `${VAR}` is the environment's variable, else the one in `.env`; `${VAR:-default}` has a default; `${file:path}` is what a
  file holds. They may stand in any value. A missing one is an error. What they put in is masked wherever it would be shown.
  `$${` writes a plain `${`.
- A word is letters, digits and `_`, and begins with a letter. Names of layers, tables, connections, sources and tags are words.
- A duration is `500ms`, `30s`, `10m`, `2h`, `7d`, `1w`, or several joined: `1h30m`.
- A size is `512MB`, `4GB`, `1.5GiB`.
- Text that looks like a number, `true` or `false` is put in quotes.
- Paths begin at the project's folder.

## SQL

`$name` stands for a variable of the project. `{{ ref('x') }}` and `{{ source('a', 'x') }}`, as dbt writes them, are read as
the names of the model `x` and of `raw.x`; `{{ ref('layer', 'x') }}` where several layers have an `x`.
)";

/// As GitHub makes them: lower case, blanks to dashes, nothing but letters, digits, dashes and `_`.
std::string anchor(std::string_view title) {
  std::string text;
  for (const char letter : text::lower(title)) {
    if (letter == ' ') text += '-';
    if (letter == '-' || is_plain_word(std::string("_") + letter)) text += letter;
  }
  return text;
}

std::string type_cell(const ValueType& type) {
  std::string text = describe_wanted(type);
  if (type.keys != nullptr) text += fmt::format(" ([keys](#{}))", anchor(type.keys->title));
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string default_cell(const Key& key) {
  if (key.is_required) return "**required**";
  return key.default_text.empty() ? "" : fmt::format("`{}`", key.default_text);
}

std::string table_section(const KeyTable& table) {
  std::string text =
      fmt::format("\n## {}\n\n{}\n\n| key | is | default | |\n|---|---|---|---|\n", table.title, table.help);
  for (const Key& key : table.keys)
    text += fmt::format("| `{}` | {} | {} | {} |\n", key.name, type_cell(key.type), default_cell(key), key.help);
  return text;
}

constexpr std::string_view kExamples = R"(
## Examples

```yaml
# lochan.yaml
name: fruit_shop
lake: ./lake
layers:
  raw: { immutable: true }
connections:
  branch_1: sqlite:./data/branch_1.db
  branch_2: ${BRANCH_2_URL}
```

```yaml
# sources/shop.yaml
source: shop
from: [branch_1, branch_2]
tables:
  sale:    { load: incremental, cursor: updated_at, key: id, lookback: 10m }
  product: { load: full, key: id }
```

```sql
-- models/staging/product.sql
/* ---
materialized: incremental
key: [_source, id]
checks:
  - not_null: [id, price]
  - unique: [_source, id]
  - accepted_values: { column: unit, values: [kg, piece] }
  - range: { column: price, min: 0, severity: warn }
  - expression: "length(name) > 0"
--- */
select _source, id, name, unit, price from raw.product
```

```sql
/* ---
table: mart.sales_by_day
description: a day without a sale
--- */
select * from mart.sales_by_day where sales = 0
```
)";

}  // namespace

std::string project_reference() {
  std::string text(kIntroduction);
  for (const KeyTable* table : all_key_tables()) text += table_section(*table);
  return text + std::string(kExamples);
}

}  // namespace lochan
