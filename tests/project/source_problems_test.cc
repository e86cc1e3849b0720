// What is wrong with sources, as a person reads it.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

// clang-format off
const ProblemCase kCases[] = {
    in_source("UnknownKeyOfTable",
       "  sale: { load: full, kye: id }\n",
       "sources/shop.yaml:4:23: unknown key `kye`\n"
       "  hint: did you mean `key`?"),
    in_source("IncrementalWithoutCursor",
       "  sale: { load: incremental }\n",
       "sources/shop.yaml:4:3: `sale` is loaded incrementally without a `cursor`\n"
       "  hint: name the column that only grows, such as `cursor: updated_at`"),
    in_source("CursorOfFullLoad",
       "  sale: { cursor: updated_at }\n",
       "sources/shop.yaml:4:19: `cursor` is for `load: incremental`, and `sale` is loaded in full\n"
       "  hint: add `load: incremental`, or remove `cursor`"),
    in_source("LookbackOfFullLoad",
       "  sale: { lookback: 10m }\n",
       "sources/shop.yaml:4:3: `lookback` is for `load: incremental`, and `sale` is loaded in full\n"
       "  hint: add `load: incremental`, or remove `lookback`"),
    in_source("DeletesOfFullLoad",
       "  sale: { deletes: detect, key: id }\n",
       "sources/shop.yaml:4:3: `deletes` is for `load: incremental`, and `sale` is loaded in full\n"
       "  hint: remove `deletes`: a full load with a `key` marks the rows that are gone by itself"),
    in_source("DeletesWithoutKey",
       "  sale: { load: incremental, cursor: t, deletes: detect }\n",
       "sources/shop.yaml:4:3: `deletes: detect` of `sale` needs a `key`, by which it sees which rows are gone\n"
       "  hint: name the column or columns that tell its rows apart, such as `key: id`"),
    in_source("FileOptionOfDatabase",
       "  sale: { delimiter: ';' }\n",
       "sources/shop.yaml:4:3: `delimiter` of `sale` is for files, and `shop` is of kind `sqlite`\n"
       "  hint: remove `delimiter`"),
    {"CursorOfFiles",
     {{"sources/a.yaml", "source: a\nfrom: drop\ntables: { sale: { load: incremental, cursor: t } }\n"}},
     {"sources/a.yaml:3:46: `cursor` of `sale` is for databases: files are read once each, when they are new or changed\n"
       "  hint: remove `cursor`"}},
    in_source("LoadOfUnknownMode",
       "  sale: { load: incremantal, cursor: a }\n",
       "sources/shop.yaml:4:17: `load` is text `incremantal`, wanted one of `full`, `incremental`\n"
       "  hint: did you mean `incremental`?"),
    in_source("TableIsNoWord",
       "  sale-item: {}\n",
       "sources/shop.yaml:4:3: `sale-item` in `tables` is not a word\n"
       "  hint: a name is letters, digits and `_`, and begins with a letter"),
    in_source("TablesDifferInCapitals",
       "  sale: {}\n"
       "  Sale: {}\n",
       "sources/shop.yaml:5:3: tables `raw.Sale` and `raw.sale` differ in capitals only\n"
       "  hint: the other one is sources/shop.yaml:4:3"),
    in_source("NoTable",
       "",
       "sources/shop.yaml:3:1: `tables` names no table\n"
       "  hint: such as `tables: { sale: { load: full } }`"),
    in_source("EmptyKey",
       "  sale: { key: [] }\n",
       "sources/shop.yaml:4:16: `key` is an empty list, wanted text or a list of texts"),
    in_source("KeyOfMappings",
       "  sale: { key: [{ a: b }] }\n",
       "sources/shop.yaml:4:17: `key` is a mapping, wanted text"),
    {"SourceIsEmpty",
     {{"sources/a.yaml", ""}},
     {"sources/a.yaml:1:1: `source` is missing\n"
       "  hint: add `source:`, the source's name",
      "sources/a.yaml:1:1: `from` is missing\n"
       "  hint: add `from:`, the connection or connections it reads",
      "sources/a.yaml:1:1: `tables` is missing\n"
       "  hint: add `tables:`, the tables it brings, by their names in `raw`"}},
    {"SourceOfUnknownConnection",
     {{"sources/a.yaml", "source: a\nfrom: [shopp]\ntables: { sale: }\n"}},
     {"sources/a.yaml:2:8: no connection `shopp` in lochan.yaml\n"
       "  hint: did you mean `shop`?"}},
    {"SourceOfNoConnection",
     {{"lochan.yaml", "name: a\n"},
      {"sources/a.yaml", "source: a\nfrom: zzzzzz\ntables: { sale: }\n"}},
     {"sources/a.yaml:2:7: no connection `zzzzzz` in lochan.yaml\n"
       "  hint: add it there: `connections: { zzzzzz: … }`"}},
    {"IncrementalOfNoConnection",
     {{"lochan.yaml", "name: a\n"},
      {"sources/a.yaml", "source: a\nfrom: zzzzzz\ntables: { sale: { load: incremental } }\n"}},
     {"sources/a.yaml:2:7: no connection `zzzzzz` in lochan.yaml\n"
       "  hint: add it there: `connections: { zzzzzz: … }`"}},
    {"ColumnOfNoType",
     {{"sources/a.yaml", "source: a\nfrom: drop\ntables: { sale: { columns: { id: int, n: integr, at: timestamp with time zone, s: 'struct(a money)' } } }\n"}},
     {"sources/a.yaml:3:42: `n` has the type `integr`, which there isn't\n"
       "  hint: did you mean `INTEGER`?"}},
    {"ColumnWhoseTypeIsUnlike",
     {{"sources/a.yaml", "source: a\nfrom: drop\ntables: { sale: { columns: { price: money } } }\n"}},
     {"sources/a.yaml:3:37: `price` has the type `money`, which there isn't\n"
       "  hint: such as BIGINT, DOUBLE, \"DECIMAL(10,2)\", VARCHAR, DATE, TIMESTAMP or \"STRUCT(a INTEGER)\""}},
    {"TypeCutByItsComma",
     {{"sources/a.yaml", "source: a\nfrom: drop\ntables: { sale: { columns: { price: DECIMAL(10,2) } } }\n"}},
     {"sources/a.yaml:3:37: `price` has the type `DECIMAL(10`, whose parentheses don't close\n"
       "  hint: within braces a type with a comma is put in quotes: `price: \"DECIMAL(10,2)\"`"}},
    {"ConnectionTwiceInSource",
     {{"sources/a.yaml", "source: a\nfrom: [shop, shop]\ntables: { sale: }\n"}},
     {"sources/a.yaml:2:14: connection `shop` is written twice\n"
       "  hint: keep one of them"}},
    {"SourceTwice",
     {{"sources/a.yaml", "source: a\nfrom: shop\ntables: { sale: }\n"},
      {"sources/b.yaml", "source: a\nfrom: shop\ntables: { item: }\n"}},
     {"sources/b.yaml:1:1: source `a` is in two files\n"
       "  hint: the other one is sources/a.yaml:1:1"}},
    {"RawTableTwice",
     {{"sources/a.yaml", "source: a\nfrom: shop\ntables: { sale: }\n"},
      {"sources/b.yaml", "source: b\nfrom: shop\ntables: { sale: }\n"}},
     {"sources/b.yaml:3:11: table `raw.sale` is made twice\n"
       "  hint: the other one is sources/a.yaml:3:11: give one another name, and say `from: sale` where the source calls it so"}},
    {"TagIsNoWord",
     {{"sources/a.yaml", "source: a\nfrom: shop\ntags: [night ly]\ntables: { sale: }\n"}},
     {"sources/a.yaml:3:8: `tags` is text `night ly`, wanted a word\n"
       "  hint: a word is letters, digits and `_`, and begins with a letter"}},
    {"SourceWithOtherEnding",
     {{"sources/a.yml", "source: a\n"}},
     {"sources/a.yml: files in `sources` that do not end in `.yaml` are not read\n"
       "  hint: name it `a.yaml`"}},
    {"SourceInDeeperFolder",
     {{"sources/deep/a.yaml", "source: a\n"}},
     {"sources/deep: a folder inside of `sources` is not read\n"
       "  hint: move its files to `sources`"}},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(OfSources, ProjectProblems, testing::ValuesIn(kCases), name_of);

}  // namespace
}  // namespace lochan
