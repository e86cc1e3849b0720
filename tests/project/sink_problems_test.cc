// What is wrong with sinks, as a person reads it.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

const WrittenFile kProject = {"lochan.yaml",
                              "name: a\nconnections: { shop: 'sqlite:a', dwh: 'postgresql://u@h/d' }\n"};
const WrittenFile kModel = {"models/mart/sale.sql", "select 1 as id\n"};

ProblemCase in_sink(std::string name, const std::string& tables, std::string problem) {
  return {std::move(name),
          {kProject, kModel, {"sinks/dwh.yaml", "sink: dwh\nto: dwh\ntables:\n" + tables}},
          {std::move(problem)}};
}

ProblemCase in_sink_to(std::string name, const std::string& url, const std::string& tables, std::vector<std::string> problems) {
  return {std::move(name),
          {{"lochan.yaml", "name: a\nconnections: { shop: 'sqlite:a', out: '" + url + "' }\n"},
           kModel,
           {"sinks/out.yaml", "sink: out\nto: out\ntables:\n" + tables}},
          std::move(problems)};
}

// clang-format off
const ProblemCase kCases[] = {
    in_sink_to("MongoAppend", "mongodb://h/d",
       "  mart.sale: { write: append }\n",
       {"sinks/out.yaml:4:3: `write: append` of `mart.sale` can't be repeated in MongoDB without doubling documents\n"
        "  hint: write `upsert` with a `key`: of rows that only come it writes the new ones alone"}),
    in_sink_to("MongoWithoutDatabase", "mongodb://h:1,g:2/?replicaSet=a",
       "  mart.sale: { write: replace }\n",
       {"sinks/out.yaml:4:3: no database is named for `mart.sale`\n"
        "  hint: add `schema:` to the sink, or the database to the URL: `mongodb://host/database`"}),
    in_sink_to("MongoCommentAndFormat", "mongodb://h/d",
       "  mart.sale: { comment: sales, format: csv }\n",
       {"sinks/out.yaml:4:3: `comment` of `mart.sale` is nothing that a sink to MongoDB has\n"
        "  hint: remove `comment`",
        "sinks/out.yaml:4:40: `format` of `mart.sale` is for files, and the sink goes to MongoDB\n"
        "  hint: remove `format`"}),
    {"SourceOfMongo",
     {{"lochan.yaml", "name: a\nconnections: { out: 'mongodb://h/d' }\n"},
      {"sources/out.yaml", "source: out\nfrom: out\ntables: { sale: { load: full } }\n"}},
     {"sources/out.yaml:2:7: `out` is of kind `mongodb`, which can't be read from yet\n"
      "  hint: name another connection; sinks can write to it"}},
    in_sink_to("MongoFieldsOfReplaced", "mongodb://h/d",
       "  mart.sale: { fields: own }\n",
       {"sinks/out.yaml:4:3: `fields` of `mart.sale` goes with `write: upsert`\n"
        "  hint: write `upsert`, or remove `fields`"}),
    in_sink_to("PostgresFieldsOwn", "postgresql://h/d",
       "  mart.sale: { write: upsert, key: id, fields: own }\n",
       {"sinks/out.yaml:4:3: `fields: own` of `mart.sale` is for MongoDB\n"
        "  hint: columns that others add to the table stay as they are: remove `fields`"}),
    in_sink_to("PostgresFieldsAddedToAReplacedTable", "postgresql://h/d",
       "  mart.sale: { fields: add, grants: bi }\n",
       {"sinks/out.yaml:4:3: `fields: add` of `mart.sale` goes with `write: upsert`\n"
        "  hint: write `upsert` with the `key` that names a row there",
        "sinks/out.yaml:4:3: `mart.sale` adds to a table of another, whose the grants are\n"
        "  hint: remove `grants`"}),
    in_sink_to("FilesUpsert", "files:out",
       "  mart.sale: { write: upsert, key: id }\n",
       {"sinks/out.yaml:4:3: `write: upsert` of `mart.sale`: rows of a file can't be changed\n"
        "  hint: write `replace`: with `partition_by` only the folders that differ are written anew"}),
    in_sink_to("FilesDelimiterOfParquet", "files:out",
       "  mart.sale: { delimiter: ';', indexes: [ { columns: id } ] }\n",
       {"sinks/out.yaml:4:3: `indexes` of `mart.sale` is nothing that a sink to files has\n"
        "  hint: remove `indexes`",
        "sinks/out.yaml:4:27: `delimiter` of `mart.sale` is for CSV\n"
        "  hint: write `format: csv`, or remove `delimiter`"}),
    in_sink_to("FilesOutside", "files:out",
       "  mart.sale: { to: ../sale }\n",
       {"sinks/out.yaml:4:3: `../sale` can't be a folder of files there\n"
        "  hint: write it as `sale` or `exports/sale`; names that begin with `.` or `_` are hidden from readers"}),
    in_sink("PartitionsInPostgres",
       "  mart.sale: { partition_by: dt }\n",
       "sinks/dwh.yaml:4:30: `partition_by` of `mart.sale` is no range of time\n"
       "  hint: in PostgreSQL it is one of `year(c)`, `month(c)` and `day(c)`"),
    in_sink("PartitionsInPostgresWithoutTheirKey",
       "  mart.sale: { write: upsert, key: id, partition_by: month(dt) }\n",
       "sinks/dwh.yaml:4:54: `mart.sale` is partitioned by `dt`, which isn't in its `key`\n"
       "  hint: PostgreSQL's primary keys have the partition's column: `key: [dt, …]`"),
    in_sink("UpsertWithoutKey",
       "  mart.sale: { write: upsert }\n",
       "sinks/dwh.yaml:4:3: `write: upsert` of `mart.sale` needs a `key`\n"
       "  hint: name the column or columns that name a row, such as `key: id`"),
    in_sink("UnknownTable",
       "  mart.sail: { write: replace }\n",
       "sinks/dwh.yaml:4:3: no table `mart.sail`\n"
       "  hint: did you mean `mart.sale`?"),
    in_sink("NoTableName",
       "  sale: { write: replace }\n",
       "sinks/dwh.yaml:4:3: `sale` in `tables` is no table's name\n"
       "  hint: write it as `layer.name`, such as `mart.sales_by_day`"),
    in_sink("NoTables",
       "  {}\n",
       "sinks/dwh.yaml:4:3: `tables` names no table\n"
       "  hint: such as `tables: { mart.sales_by_day: { write: replace } }`"),
    in_sink("History",
       "  mart.sale: { write: scd2, key: id }\n",
       "sinks/dwh.yaml:4:3: `write: scd2` is for models of kind `scd2`, and `mart.sale` is of kind `table`\n"
       "  hint: write `upsert` or `replace`"),
    in_sink("KeyTwice",
       "  mart.sale: { key: [id, id] }\n",
       "sinks/dwh.yaml:4:26: `id` is in the key twice\n"
       "  hint: keep one of them"),
    in_sink("UnknownWrite",
       "  mart.sale: { write: merge }\n",
       "sinks/dwh.yaml:4:23: `write` is text `merge`, wanted one of `replace`, `append`, `upsert`, `scd2`"),
    in_sink("UnknownKey",
       "  mart.sale: { wirte: append }\n",
       "sinks/dwh.yaml:4:16: unknown key `wirte`\n"
       "  hint: did you mean `write`?"),
    in_sink("IndexWithoutColumns",
       "  mart.sale: { indexes: [ { unique: true } ] }\n",
       "sinks/dwh.yaml:4:27: `columns` is missing\n"
       "  hint: add `columns:`, the column or columns, in order"),
    in_sink("TargetOfThreeParts",
       "  mart.sale: { to: a.b.c }\n",
       "sinks/dwh.yaml:4:3: `to` of `mart.sale` is `a.b.c`\n"
       "  hint: wanted `name` or `schema.name`"),
    in_sink("LongName",
       "  mart.sale: { to: a123456789012345678901234567890123456789012345678901234567890123 }\n",
       "sinks/dwh.yaml:4:3: `a123456789012345678901234567890123456789012345678901234567890123` is longer than a name may be there: 63 bytes\n"
       "  hint: give it a shorter one: `to: name`"),
    in_sink("TheMarksName",
       "  mart.sale: { to: lochan_mark }\n",
       "sinks/dwh.yaml:4:3: `lochan_mark` is the platform's own table there\n"
       "  hint: give it another name: `to: name`"),
    {"NoConnection",
     {kProject, kModel, {"sinks/dwh.yaml", "sink: dwh\nto: dhw\ntables: { mart.sale: {} }\n"}},
     {"sinks/dwh.yaml:2:5: no connection `dhw` in lochan.yaml\n"
      "  hint: did you mean `dwh`?"}},
    {"ConnectionThatCantBeWritten",
     {kProject, kModel, {"sinks/dwh.yaml", "sink: dwh\nto: shop\ntables: { mart.sale: {} }\n"}},
     {"sinks/dwh.yaml:2:5: `shop` is of kind `sqlite`, which no sink can write to\n"
      "  hint: name a connection such as `postgresql://user@host/database`, `mongodb://user@host/database`, `files:folder` or `s3://bucket/prefix`"}},
    {"OneTargetTwice",
     {kProject, kModel, {"models/staging/sale.sql", "select 1 as id\n"},
      {"sinks/dwh.yaml", "sink: dwh\nto: dwh\nschema: dwh\ntables:\n  mart.sale: {}\n  staging.sale: { to: dwh.sale }\n"}},
     {"sinks/dwh.yaml:6:3: two tables go to `dwh.sale` of `dwh`\n"
      "  hint: the other one is sinks/dwh.yaml:5:3; give one another name: `to: name`"}},
    {"OneNameTwice",
     {kProject, kModel, {"sinks/a.yaml", "sink: dwh\nto: dwh\ntables: { mart.sale: {} }\n"},
      {"sinks/b.yaml", "sink: dwh\nto: dwh\ntables: { mart.sale: {} }\n"}},
     {"sinks/b.yaml:1:1: sink `dwh` is in two files\n"
      "  hint: the other one is sinks/a.yaml:1:1"}},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Sinks, ProjectProblems, testing::ValuesIn(kCases), name_of);

}  // namespace
}  // namespace lochan
