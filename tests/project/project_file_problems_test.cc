// What is wrong with a lochan.yaml, as a person reads it.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

// clang-format off
const ProblemCase kCases[] = {
    in_project("UnknownKey",
       "name: a\n"
       "lakee: ./x\n",
       "lochan.yaml:2:1: unknown key `lakee`\n"
       "  hint: did you mean `lake`?"),
    in_project("UnknownKeyFarFromAll",
       "name: a\n"
       "zzzzzzzz: 1\n",
       "lochan.yaml:2:1: unknown key `zzzzzzzz`\n"
       "  hint: known here: `name`, `lake`, `state`, `connections`, `layers`, `variables`, `materialized_views`, `schedules`, `engine`, `run`, `retention`, `alerts`, `serve`, `maintain`"),
    in_project("DuplicateKey",
       "name: a\n"
       "name: b\n",
       "lochan.yaml:2:1: `name` is written twice, first in line 1\n"
       "  hint: keep one of them"),
    in_project("KeyThatIsAList",
       "name: a\n"
       "[b]: c\n",
       "lochan.yaml:2:1: a key is a list, wanted a word"),
    in_project("MissingName",
       "lake: ./x\n",
       "lochan.yaml:1:1: `name` is missing\n"
       "  hint: add `name:`, the project's name"),
    in_project("EmptyFile",
       "",
       "lochan.yaml:1:1: `name` is missing\n"
       "  hint: add `name:`, the project's name"),
    in_project("OnlyComments",
       "# nothing\n",
       "lochan.yaml:1:1: `name` is missing\n"
       "  hint: add `name:`, the project's name"),
    in_project("AList",
       "- name: a\n",
       "lochan.yaml:1:1: found a list, wanted a mapping\n"
       "  hint: known here: `name`, `lake`, `state`, `connections`, `layers`, `variables`, `materialized_views`, `schedules`, `engine`, `run`, `retention`, `alerts`, `serve`, `maintain`"),
    in_project("AText",
       "just text\n",
       "lochan.yaml:1:1: found text `just text`, wanted a mapping\n"
       "  hint: known here: `name`, `lake`, `state`, `connections`, `layers`, `variables`, `materialized_views`, `schedules`, `engine`, `run`, `retention`, `alerts`, `serve`, `maintain`"),
    in_project("OpenBracket",
       "name: a\n"
       "variables: { a: [1\n",
       "lochan.yaml:3:1: broken YAML: end of sequence flow not found\n"
       "  hint: a `[` is not closed by a `]`"),
    in_project("TabIndentation",
       "name: a\n"
       "run:\n"
       "\tworkers: 1\n",
       "lochan.yaml:3:9: broken YAML: illegal map value\n"
       "  hint: indent with spaces, not with tabs"),
    in_project("ColonInText",
       "name: a\n"
       "lake: b: c\n",
       "lochan.yaml:2:8: broken YAML: illegal map value\n"
       "  hint: look at the indentation, and put text that holds `: ` in quotes"),
    in_project("UnknownAlias",
       "name: *a\n",
       "lochan.yaml:1:7: broken YAML: the referenced anchor is not defined"),
    in_project("Tag",
       "name: !!python/object a\n",
       "lochan.yaml:1:7: a tag `!!python/object` has no meaning here\n"
       "  hint: remove it; quotes make a value text"),
    in_project("SecondDocument",
       "name: a\n"
       "---\n"
       "name: b\n",
       "lochan.yaml:3:1: a second YAML document begins here\n"
       "  hint: remove the `---` before it"),
    in_project("BadIndentation",
       "name: a\n"
       "run:\n"
       "    workers: 1\n"
       "  retries: 1\n",
       "lochan.yaml:4:3: broken YAML: end of map not found\n"
       "  hint: look at the indentation, and put text that holds `: ` in quotes"),
    in_project("NumberForText",
       "name: a\n"
       "state: 5\n",
       "lochan.yaml:2:8: `state` is the number 5, wanted text\n"
       "  hint: put it in quotes if it is meant"),
    in_project("TextForNumber",
       "name: a\n"
       "run: { workers: many }\n",
       "lochan.yaml:2:17: `workers` is text `many`, wanted a whole number, 0 or more"),
    in_project("QuotedNumber",
       "name: a\n"
       "run: { workers: '4' }\n",
       "lochan.yaml:2:17: `workers` is text `4`, wanted a whole number, 0 or more"),
    in_project("NegativeNumber",
       "name: a\n"
       "run: { workers: -1 }\n",
       "lochan.yaml:2:17: `workers` is the number -1, wanted a whole number, 0 or more"),
    in_project("FractionForNumber",
       "name: a\n"
       "run: { workers: 1.5 }\n",
       "lochan.yaml:2:17: `workers` is the number 1.5, wanted a whole number, 0 or more"),
    in_project("NumberTooLarge",
       "name: a\n"
       "run: { workers: 99999999999999999999 }\n",
       "lochan.yaml:2:17: `workers` is the number 99999999999999999999, wanted a whole number, 0 or more"),
    in_project("TooFewPublications",
       "name: a\n"
       "retention: { keep_publications: 0 }\n",
       "lochan.yaml:2:33: `keep_publications` is the number 0, wanted a whole number, 1 or more"),
    in_project("ImmutableLayerWithALifecycle",
       "name: a\n"
       "layers:\n"
       "  raw: { immutable: true, archive_after: 30d }\n",
       "lochan.yaml:3:3: layer `raw` is immutable, so nothing of it can be archived or deleted\n"
       "  hint: take away `immutable`, or `archive_after` and `delete_after`"),
    in_project("LayerThatDeletesBeforeItArchives",
       "name: a\n"
       "layers:\n"
       "  raw: { archive_after: 30d, delete_after: 7d }\n",
       "lochan.yaml:3:3: layer `raw` deletes before it archives\n"
       "  hint: `delete_after` counts from the day itself: let it be longer than `archive_after`"),
    in_project("LayerThatLosesHalfADay",
       "name: a\n"
       "layers:\n"
       "  raw: { delete_after: 12h }\n",
       "lochan.yaml:3:3: layer `raw` would lose days before they are over\n"
       "  hint: give a day (1d) or more"),
    in_project("ArchiveWithoutATime",
       "name: a\n"
       "layers:\n"
       "  raw: { archive: ./cold }\n",
       "lochan.yaml:3:3: layer `raw` has an `archive` and no `archive_after`\n"
       "  hint: say when: archive_after: 30d"),
    in_project("DeleteRatioThatIsNoShare",
       "name: a\n"
       "maintain: { delete_ratio: 5 }\n",
       "lochan.yaml:2:27: `delete_ratio` is the number 5, wanted a share of a table's rows such as `5%`"),
    in_project("TargetThatIsNothing",
       "name: a\n"
       "maintain: { target: 0MB }\n",
       "lochan.yaml:2:21: `target` is text `0MB`, wanted more than nothing"),
    in_project("YesForFlag",
       "name: a\n"
       "layers: { raw: { immutable: yes } }\n",
       "lochan.yaml:2:29: `immutable` is text `yes`, wanted `true` or `false`"),
    in_project("Duration",
       "name: a\n"
       "run: { timeout: 10 minutes }\n",
       "lochan.yaml:2:17: `timeout` is text `10 minutes`, wanted a duration such as `30s`, `10m`, `2h` or `7d`"),
    in_project("DurationWithoutUnit",
       "name: a\n"
       "run: { timeout: 600 }\n",
       "lochan.yaml:2:17: `timeout` is the number 600, wanted a duration such as `30s`, `10m`, `2h` or `7d`"),
    in_project("DurationOfHalfSeconds",
       "name: a\n"
       "run: { timeout: 1500ms }\n",
       "lochan.yaml:2:17: `timeout` is text `1500ms`, wanted whole seconds"),
    in_project("DurationTooLong",
       "name: a\n"
       "run: { timeout: 9999999999999d }\n",
       "lochan.yaml:2:17: `timeout` is text `9999999999999d`, wanted a duration such as `30s`, `10m`, `2h` or `7d`"),
    in_project("Size",
       "name: a\n"
       "engine: { memory_limit: 2 potatoes }\n",
       "lochan.yaml:2:25: `memory_limit` is text `2 potatoes`, wanted a size such as `512MB` or `4GB`"),
    in_project("Choice",
       "name: a\n"
       "run: { publish: al }\n",
       "lochan.yaml:2:17: `publish` is text `al`, wanted one of `audited`, `all`\n"
       "  hint: did you mean `all`?"),
    in_project("ChoiceFarFromAll",
       "name: a\n"
       "run: { publish: sometimes }\n",
       "lochan.yaml:2:17: `publish` is text `sometimes`, wanted one of `audited`, `all`"),
    in_project("MappingForText",
       "name: a\n"
       "state: { file: x }\n",
       "lochan.yaml:2:8: `state` is a mapping, wanted text"),
    in_project("TextForMapping",
       "name: a\n"
       "run: fast\n",
       "lochan.yaml:2:6: found text `fast`, wanted a mapping\n"
       "  hint: known here: `workers`, `retries`, `retry_delay`, `timeout`, `publish`, `wait_for_claim`, `lease`"),
    in_project("ListForMappingOfNames",
       "name: a\n"
       "connections: [x]\n",
       "lochan.yaml:2:14: `connections` is a list, wanted a mapping of names to texts"),
    in_project("NothingForText",
       "name: a\n"
       "state:\n",
       "lochan.yaml:2:1: `state` has no value, wanted text"),
    in_project("NameIsNoWord",
       "name: fruit shop\n",
       "lochan.yaml:1:7: `name` is text `fruit shop`, wanted a word\n"
       "  hint: a word is letters, digits and `_`, and begins with a letter"),
    in_project("NameThatIsANumber",
       "name: 2024\n",
       "lochan.yaml:1:7: `name` is the number 2024, wanted a word\n"
       "  hint: a word begins with a letter"),
    in_project("ConnectionIsNoWord",
       "name: a\n"
       "connections: { my-shop: sqlite:a.db }\n",
       "lochan.yaml:2:16: `my-shop` in `connections` is not a word\n"
       "  hint: a name is letters, digits and `_`, and begins with a letter"),
    in_project("OwnVariable",
       "name: a\n"
       "variables: { since: 1 }\n",
       "lochan.yaml:2:14: variable `since` is the platform's own\n"
       "  hint: give it another name"),
    in_project("StateInBadSchema",
       "name: a\n"
       "state: postgresql://host/db?schema=Fruit-Shop\n",
       "lochan.yaml:2:8: `schema=Fruit-Shop` can't be the name of the state's schema\n"
       "  hint: use small letters, digits and `_`, such as `?schema=fruit_shop`"),
    in_project("StateWithoutScheme",
       "name: a\n"
       "state: state.db\n",
       "lochan.yaml:2:8: `state` is text `state.db`, wanted `sqlite:` and a file's path, or a PostgreSQL database\n"
       "  hint: such as `sqlite:.lochan/state.db` or `postgresql://user@host/database?schema=shop`"),
    in_project("ConnectionWithoutKind",
       "name: a\n"
       "connections: { shop: ./shop.db }\n",
       "lochan.yaml:2:22: connection `shop` does not say its kind\n"
       "  hint: there are `sqlite:path`, `files:folder`, `s3://bucket/prefix`, `postgresql://user@host/database`, `mysql://user@host/database`, `mongodb://user@host/database` and `https://host/path`"),
    in_project("ConnectionOfLaterKind",
       "name: a\n"
       "connections: { shop: kafka://me@host/db }\n",
       "lochan.yaml:2:22: connections of kind `kafka` are not supported yet\n"
       "  hint: there are `sqlite:path`, `files:folder`, `s3://bucket/prefix`, `postgresql://user@host/database`, `mysql://user@host/database`, `mongodb://user@host/database` and `https://host/path`"),
    in_project("ConnectionOfUnknownKind",
       "name: a\n"
       "connections: { shop: sqlit:shop.db }\n",
       "lochan.yaml:2:22: unknown kind of connection `sqlit`\n"
       "  hint: did you mean `sqlite`?"),
    in_project("ConnectionWithoutPlace",
       "name: a\n"
       "connections: { shop: 'sqlite:' }\n",
       "lochan.yaml:2:22: connection `shop` does not say where it is\n"
       "  hint: write `sqlite:` and a file's path"),
    in_project("VariableNotSet",
       "name: a\n"
       "lake: ${LOCHAN_TEST_UNSET}\n",
       "lochan.yaml:2:7: variable `LOCHAN_TEST_UNSET` is not set\n"
       "  hint: set it in the environment or put `LOCHAN_TEST_UNSET=…` in `.env`"),
    in_project("VariableNotClosed",
       "name: a\n"
       "lake: ${LAKE\n",
       "lochan.yaml:2:7: a `${` is not closed\n"
       "  hint: write `${NAME}`, or `$${` for a plain `${`"),
    in_project("VariableWithBadName",
       "name: a\n"
       "lake: ${a-b}\n",
       "lochan.yaml:2:7: `${a-b}` is not a variable's name\n"
       "  hint: write `${NAME}`, `${NAME:-default}` or `${file:path}`; `$${` for a plain `${`"),
    in_project("FileNotThere",
       "name: a\n"
       "lake: ${file:nowhere.txt}\n",
       "lochan.yaml:2:7: there is no file `nowhere.txt`\n"
       "  hint: the path of `${file:path}` begins at the project's folder"),
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(OfProjectFile, ProjectProblems, testing::ValuesIn(kCases), name_of);

}  // namespace
}  // namespace lochan
