// What is wrong with models, checks and other files, as a person reads it.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

// clang-format off
const ProblemCase kCases[] = {
    in_model("UnknownMaterialization",
       "materialized: snapshot\n",
       "models/mart/sale.sql:2:15: `materialized` is text `snapshot`, wanted one of `table`, `view`, `append`, `incremental`, `scd2`, `materialized_view`"),
    in_model("IncrementalWithoutKey",
       "materialized: incremental\n",
       "models/mart/sale.sql:1:1: `mart.sale` is incremental without a `key` or a `time`\n"
       "  hint: name the column or columns that name a row, such as `key: id`, or the one that says when, such as `time: sold_at`"),
    in_model("KeyOfTable",
       "key: id\n",
       "models/mart/sale.sql:2:6: `key` is for `materialized: incremental` and `scd2`, and `mart.sale` is of kind `table`\n"
       "  hint: remove it, or add `materialized: incremental`"),
    in_model("HistoryWithoutKey",
       "materialized: scd2\n",
       "models/mart/sale.sql:1:1: `mart.sale` is scd2 without a `key`\n"
       "  hint: name the column or columns whose history it is, such as `key: id`"),
    in_model("TimeOfNoHistory",
       "materialized: incremental\nkey: id\nupdated_at: changed\n",
       "models/mart/sale.sql:4:13: `updated_at` is for `materialized: scd2`, and `mart.sale` is of kind `incremental`\n"
       "  hint: remove it, or write `materialized: scd2`"),
    in_model("ComparedColumnsOfNoHistory",
       "compare: [name]\n",
       "models/mart/sale.sql:2:11: `compare` is for `materialized: scd2`, and `mart.sale` is of kind `table`\n"
       "  hint: remove it, or write `materialized: scd2`"),
    in_model("DeletionsOfNoHistory",
       "deleted: gone\n",
       "models/mart/sale.sql:2:10: `deleted` is for `materialized: scd2`, and `mart.sale` is of kind `table`\n"
       "  hint: remove it, or write `materialized: scd2`"),
    in_model("OwnCheckOfHistoryTaken",
       "materialized: scd2\nkey: id\nchecks:\n  - unique: { columns: id, name: history }\n",
       "models/mart/sale.sql:5:13: two checks of `mart.sale` are named `history`\n"
       "  hint: the other one is models/mart/sale.sql:1:1; give one a `name:`"),
    in_model("UnknownDeletes",
       "materialized: scd2\nkey: id\ndeletes: drop\n",
       "models/mart/sale.sql:4:10: `deletes` is text `drop`, wanted one of `close`, `ignore`, `new_record`"),
    in_model("TimeOfTable",
       "time: day\n",
       "models/mart/sale.sql:2:7: `time` is for `materialized: incremental`, and `mart.sale` is of kind `table`\n"
       "  hint: remove it, or add `materialized: incremental`"),
    in_model("KeyAndTime",
       "materialized: incremental\nkey: id\ntime: day\n",
       "models/mart/sale.sql:3:6: `mart.sale` has both `key` and `time`\n"
       "  hint: rows are merged by `key`, or intervals are built again by `time`: keep one of them"),
    in_model("BeginWithoutTime",
       "begin: 2024-01-01\n",
       "models/mart/sale.sql:2:8: `begin` of `mart.sale` wants a `time`\n"
       "  hint: it is for incremental models by time: add `time:`, or remove it"),
    in_model("BeginIsNoTime",
       "materialized: incremental\ntime: day\nbegin: soon\n",
       "models/mart/sale.sql:4:8: `begin` is text `soon`, wanted a time\n"
       "  hint: write it as 2024-01-31, or 2024-01-31 05:00 (UTC)"),
    in_model("BeginInsideOfAnInterval",
       "materialized: incremental\ntime: day\ninterval: month\nbegin: 2024-01-15\n",
       "models/mart/sale.sql:5:8: `begin` 2024-01-15 is inside of an interval of `mart.sale`\n"
       "  hint: the interval begins at 2024-01-01"),
    in_model("InputWithTimeAndKeep",
       "materialized: incremental\ntime: day\ninputs: { raw.sale: { time: sold_at, keep: true } }\n",
       "models/mart/sale.sql:4:11: `raw.sale` in `inputs` wants `time` or `keep`, one of them\n"
       "  hint: say by which column it is read, `time: sold_at`, or that it only looks up, `keep: true`"),
    in_model("InputIsNoTable",
       "materialized: incremental\ntime: day\ninputs: { sale: sold_at }\n",
       "models/mart/sale.sql:4:11: `sale` in `inputs` is not a table's name\n"
       "  hint: wanted `layer.name`"),
    in_model("PartitionsOfView",
       "materialized: view\n"
       "partition_by: dt\n",
       "models/mart/sale.sql:3:15: a view has no partitions, and `mart.sale` is one\n"
       "  hint: remove `partition_by`"),
    in_model("UnknownPartition",
       "partition_by: [week(sold_at)]\n",
       "models/mart/sale.sql:2:16: `week(sold_at)` is not a partition\n"
       "  hint: there are columns, `year(c)`, `month(c)`, `day(c)`, `hour(c)`, `bucket(16, c)`, `truncate(4, c)`"),
    in_model("UnknownKeyOfModel",
       "materialised: view\n",
       "models/mart/sale.sql:2:1: unknown key `materialised`\n"
       "  hint: did you mean `materialized`?"),
    {"FrontMatterNotClosed",
     {{"models/mart/sale.sql", "/* ---\nkey: id\n*/\nselect 1\n"}},
     {"models/mart/sale.sql:1:1: the front matter is not closed\n"
       "  hint: end it with `--- */`"}},
    {"FrontMatterOfBrokenYaml",
     {{"models/mart/sale.sql", "-- first\n/* ---\nkey: [id\n--- */\nselect 1\n"}},
     {"models/mart/sale.sql:4:1: broken YAML: end of sequence flow not found\n"
       "  hint: a `[` is not closed by a `]`"}},
    {"EmptyModel",
     {{"models/mart/sale.sql", "-- later\n;\n"}},
     {"models/mart/sale.sql:1:1: the model is empty\n"
       "  hint: write a `select`, or remove the file"}},
    {"ModelWithoutLayer",
     {{"models/sale.sql", "select 1"}},
     {"models/sale.sql: a model must lie in the folder of its layer\n"
       "  hint: move it to a folder, such as `models/staging/sale.sql`"}},
    {"ModelInDeeperFolder",
     {{"models/mart/deep/sale.sql", "select 1"}},
     {"models/mart/deep: a folder inside of `models/mart` is not read\n"
       "  hint: move its files to `models/mart`: layers have one level"}},
    {"ModelIsNoWord",
     {{"models/mart/sale-2.sql", "select 1"}},
     {"models/mart/sale-2.sql: a table can't be named `sale-2`\n"
       "  hint: a name is letters, digits and `_`, and begins with a letter"}},
    {"LayerIsNoWord",
     {{"models/my mart/sale.sql", "select 1"}},
     {"models/my mart: a layer can't be named `my mart`\n"
       "  hint: a name is letters, digits and `_`, and begins with a letter"}},
    {"LayerOfTheEngine",
     {{"models/main/sale.sql", "select 1"}},
     {"models/main: layer `main` is the engine's own\n"
       "  hint: give the folder another name"}},
    {"ModelLikeRawTable",
     {{"sources/a.yaml", "source: a\nfrom: shop\ntables: { sale: }\n"},
      {"models/raw/sale.sql", "select 1"}},
     {"models/raw/sale.sql:1:1: table `raw.sale` is made twice\n"
       "  hint: the other one is sources/a.yaml:3:11"}},
    {"YamlBesideModels",
     {{"models/mart/schema.yml", "version: 2\n"}},
     {"models/mart/schema.yml: files in `models/mart` that do not end in `.sql` are not read\n"
       "  hint: settings stand in the front matter of `.sql` files"}},
    {"RefToUnknownModel",
     {{"models/mart/sale.sql", "select 1"},
      {"models/mart/day.sql", "select *\nfrom {{ ref('sales') }}\n"}},
     {"models/mart/day.sql:2:6: no model or raw table is named `sales`\n"
       "  hint: did you mean `sale`?"}},
    {"RefToTwoModels",
     {{"models/mart/sale.sql", "select 1"},
      {"models/staging/sale.sql", "select 1"},
      {"models/mart/day.sql", "select * from {{ ref('sale') }}\n"}},
     {"models/mart/day.sql:1:15: `sale` may be `mart.sale` or `staging.sale`\n"
       "  hint: write the full name, or `ref('mart', 'sale')`"}},
    {"SourceOfUnknownTable",
     {{"sources/a.yaml", "source: a\nfrom: shop\ntables: { sale: }\n"},
      {"models/mart/day.sql", "select * from {{ source('a', 'sales') }}\n"}},
     {"models/mart/day.sql:1:15: no table `raw.sales`\n"
       "  hint: did you mean `raw.sale`?"}},
    {"OtherTemplates",
     {{"models/mart/day.sql", "{{ config(materialized='view') }}\n{% if true %}\nselect 1\n"}},
     {"models/mart/day.sql:1:1: `{{ config(materialized='view') }}` is not read\n"
       "  hint: of dbt's templates only `{{ ref('name') }}` and `{{ source('source', 'table') }}` are; settings stand in front matter",
      "models/mart/day.sql:2:1: `{% if true %}` is not read\n"
       "  hint: of dbt's templates only `{{ ref('name') }}` and `{{ source('source', 'table') }}` are; settings stand in front matter"}},
    {"TemplateNotClosed",
     {{"models/mart/day.sql", "select * from {{ ref('x')\n"}},
     {"models/mart/day.sql:1:15: a `{{` is not closed\n"
       "  hint: such as `{{ ref('name') }}`"}},
    in_model("UnknownCheck",
       "checks:\n"
       "  - not_nul: id\n",
       "models/mart/sale.sql:3:5: unknown key `not_nul`\n"
       "  hint: did you mean `not_null`?"),
    in_model("CheckIsText",
       "checks:\n"
       "  - not_null\n",
       "models/mart/sale.sql:3:5: a check is text `not_null`, wanted a mapping\n"
       "  hint: such as `not_null: id`"),
    in_model("ChecksAreAMapping",
       "checks: { not_null: id }\n",
       "models/mart/sale.sql:2:9: `checks` is a mapping, wanted a list of mappings"),
    in_model("TwoKeysInACheck",
       "checks:\n"
       "  - unique: id\n"
       "    severity: warn\n",
       "models/mart/sale.sql:4:5: one check has two keys, `unique` and `severity`\n"
       "  hint: write one `-` for each check; its settings stand inside: `unique: { columns: id, severity: warn }`"),
    in_model("RangeWithoutBound",
       "checks:\n"
       "  - range: { column: price }\n",
       "models/mart/sale.sql:3:12: `range` has no bound\n"
       "  hint: give `min:`, `max:` or both"),
    in_model("RangeUpsideDown",
       "checks:\n"
       "  - range: { column: price, min: 10, max: 9.5 }\n",
       "models/mart/sale.sql:3:12: `min` of `range` is above its `max`"),
    in_model("RangeWithoutColumn",
       "checks:\n"
       "  - range: { min: 0 }\n",
       "models/mart/sale.sql:3:12: `column` is missing\n"
       "  hint: add `column:`, the column that is checked"),
    in_model("RangeIsText",
       "checks:\n"
       "  - range: price\n",
       "models/mart/sale.sql:3:12: `range` is text `price`, wanted a mapping"),
    in_model("AcceptedValueAlone",
       "checks:\n"
       "  - accepted_values: { column: unit, values: kg }\n",
       "models/mart/sale.sql:3:46: `values` is text `kg`, wanted a list of values"),
    in_model("RelationshipToUnknownTable",
       "checks:\n"
       "  - relationships: { column: id, to: mart.sales, field: id }\n",
       "models/mart/sale.sql:3:38: no table `mart.sales`\n"
       "  hint: did you mean `mart.sale`?"),
    in_model("RelationshipToNoTable",
       "checks:\n"
       "  - relationships: { column: id, to: sale, field: id }\n",
       "models/mart/sale.sql:3:38: `to` is text `sale`, wanted a table's name `layer.name`"),
    in_model("RowCountOfText",
       "checks:\n"
       "  - row_count: { min: few }\n",
       "models/mart/sale.sql:3:23: `min` is text `few`, wanted a whole number, 0 or more"),
    in_model("UnknownSeverity",
       "checks:\n"
       "  - unique: { columns: id, severity: fatal }\n",
       "models/mart/sale.sql:3:38: `severity` is text `fatal`, wanted one of `error`, `warn`"),
    in_model("CheckTwice",
       "checks:\n"
       "  - unique: id\n"
       "  - unique: id\n",
       "models/mart/sale.sql:4:13: two checks of `mart.sale` are named `unique_id`\n"
       "  hint: the other one is models/mart/sale.sql:3:13; give one a `name:`"),
    {"CheckFileWithoutTable",
     {{"checks/a.sql", "select 1\n"}},
     {"checks/a.sql:1:1: `table` is missing\n"
       "  hint: add `table:`, the table that is held back when rows fail"}},
    {"CheckFileOfUnknownTable",
     {{"models/mart/sale.sql", "select 1"},
      {"checks/a.sql", "/* ---\ntable: mart.sal\n--- */\nselect 1\n"}},
     {"checks/a.sql:2:8: no table `mart.sal`\n"
       "  hint: did you mean `mart.sale`?"}},
    {"EmptyCheckFile",
     {{"models/mart/sale.sql", "select 1"},
      {"checks/a.sql", "/* ---\ntable: mart.sale\n--- */\n"}},
     {"checks/a.sql:1:1: the check is empty\n"
       "  hint: write a `select` of the failing rows"}},
    {"CheckFileNamedLikeACheck",
     {{"models/mart/sale.sql", "/* ---\nchecks: [{ unique: id }]\n--- */ select 1"},
      {"checks/unique_id.sql", "/* ---\ntable: mart.sale\n--- */\nselect 1\n"}},
     {"checks/unique_id.sql:4:1: two checks of `mart.sale` are named `unique_id`\n"
       "  hint: the other one is models/mart/sale.sql:2:20; give one a `name:`"}},
    {"LayerWithASlip",
     {{"lochan.yaml", "name: a\nlayers: { mrat: { immutable: true } }\n"},
      {"models/mart/sale.sql", "select 1"}},
     {"lochan.yaml:2:11: no table is in layer `mrat`\n"
       "  hint: did you mean `mart`?"}},
    {"HistoryInAnImmutableLayer",
     {{"lochan.yaml", "name: a\nlayers: { mart: { immutable: true } }\n"},
      {"models/mart/sale.sql", "/* ---\nmaterialized: scd2\nkey: id\n--- */\nselect 1 as id"}},
     {"models/mart/sale.sql:1:1: `mart.sale` ends versions that are there, and layer `mart` is immutable\n"
      "  hint: move it to another layer; its raw table stays as it is"}},
    {"SlipInMaterializedSaidOnce",
     {{"models/mart/sale.sql", "/* ---\nmaterialized: incrementl\nkey: id\n--- */\nselect 1"}},
     {"models/mart/sale.sql:2:15: `materialized` is text `incrementl`, wanted one of `table`, `view`, `append`, `incremental`, `scd2`, `materialized_view`\n"
       "  hint: did you mean `incremental`?"}},
    {"NotUtf8",
     {{"models/mart/sale.sql", "select 1\nas \xff\n"}},
     {"models/mart/sale.sql:2:4: the file is not UTF-8 text here\n"
       "  hint: save it as UTF-8"}},
    {"ZeroByte",
     {{"lochan.yaml", std::string("name: a\nlake: a\0b\n", 18)}},
     {"lochan.yaml:2:8: the file is not UTF-8 text here\n"
       "  hint: save it as UTF-8"}},
    {"LaterFolders",
     {{"dashboards/a.yaml", "a: b\n"}},
     {"dashboards/a.yaml: files in `dashboards` are not supported yet\n"
       "  hint: move it elsewhere"}},
    {"SeveralFilesAtOnce",
     {{"lochan.yaml", "nam: a\nconnections: { shop: sqlite:a }\n"},
      {"sources/a.yaml", "source: a\nfrom: shop\ntabels: { sale: }\n"},
      {"models/mart/b.sql", "/* ---\nkye: id\nmaterialized: veiw\n--- */ select 1\n"}},
     {"lochan.yaml:1:1: unknown key `nam`\n"
       "  hint: did you mean `name`?",
      "models/mart/b.sql:2:1: unknown key `kye`\n"
       "  hint: did you mean `key`?",
      "models/mart/b.sql:3:15: `materialized` is text `veiw`, wanted one of `table`, `view`, `append`, `incremental`, `scd2`, `materialized_view`\n"
       "  hint: did you mean `view`?",
      "sources/a.yaml:3:1: unknown key `tabels`\n"
       "  hint: did you mean `tables`?"}},
    {"DotEnvLine",
     {{".env", "# fine\nA=1\nB C\n"}},
     {".env:3:1: this line is not `NAME=value`\n"
       "  hint: put `#` before a comment"}},
    {"DotEnvQuote",
     {{".env", "A='1\n"}},
     {".env:1:1: the value of `A` has no closing quote"}},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(OfModels, ProjectProblems, testing::ValuesIn(kCases), name_of);

}  // namespace
}  // namespace lochan
