// Connections to HTTP APIs and what is asked there, as they are read, and what is wrong with them, as a person reads it.
#include "project/http_config.h"
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

/// Of a table `sale` of an API; what is written begins at line 6.
ProblemCase in_request(std::string name, const std::string& load, const std::string& request, std::string problem) {
  return {std::move(name),
          {{"lochan.yaml", "name: a\nconnections:\n  api: https://api.example.com/v1\n"},
           {"sources/a.yaml", "source: a\nfrom: api\ntables:\n  sale:\n    " + load + "\n    request: " + request + "\n"}},
          {std::move(problem)}};
}

/// Of one that is asked for each row of a query; what is written begins at line 7.
ProblemCase in_rows(std::string name, const std::string& key, const std::string& request, std::string problem) {
  return {std::move(name),
          {{"lochan.yaml", "name: a\nconnections:\n  api: https://api.example.com/v1\n  town: postgresql://h/town\n"},
           {"sources/a.yaml", "source: a\nfrom: api\ntables:\n  sale:\n    load: full\n    key: " + key + "\n    request: " + request + "\n"}},
          {std::move(problem)}};
}

// clang-format off
const ProblemCase kCases[] = {
    in_project("KeysOfAnotherKind",
       "name: a\nconnections:\n  shop: { url: 'sqlite:./a.db', retries: 3 }\n",
       "lochan.yaml:3:42: `retries` is for connections of kind `http`, and `shop` is of kind `sqlite`\n"
       "  hint: remove `retries`"),
    in_project("TwoSignIns",
       "name: a\nconnections:\n  api: { url: 'https://x', auth: { bearer: abcd, basic: { user: a, password: b } } }\n",
       "lochan.yaml:3:57: `auth` says two ways to sign in\n"
       "  hint: keep one of them"),
    in_project("NoSignIn",
       "name: a\nconnections:\n  api: { url: 'https://x', auth: {} }\n",
       "lochan.yaml:3:34: `auth` says no way to sign in\n"
       "  hint: give `bearer`, `basic`, `key` or `oauth2`"),
    in_project("KeyWithoutAPlace",
       "name: a\nconnections:\n  api: { url: 'https://x', auth: { key: { value: abcd } } }\n",
       "lochan.yaml:3:3: the `key` of `api` doesn't say where it stands\n"
       "  hint: give `header: X-Api-Key`, or `query: api_key`"),
    in_project("PasswordInTheUrl",
       "name: a\nconnections:\n  api: { url: 'https://me:pass@x/v1', retries: 1 }\n",
       "lochan.yaml:3:3: the URL of `api` holds a password\n"
       "  hint: give it as `auth: {basic: {user: …, password: …}}`"),
    in_project("ParametersInTheUrl",
       "name: a\nconnections:\n  api: { url: 'https://x/v1?key=1', retries: 1 }\n",
       "lochan.yaml:3:3: the URL of `api` holds parameters\n"
       "  hint: give a key as `auth: {key: {query: …, value: …}}`, others as `params` of a request"),
    in_request("IncrementalWithoutSince", "load: incremental\n    cursor: at", "{ path: sale, start: '2020' }",
       "sources/a.yaml:7:14: `sale` is loaded incrementally, and its `request` asks for everything: it names no `$since`\n"
       "  hint: bind the API's parameter to it, such as `params: {updated_since: $since}`, or load it in full"),
    in_request("IncrementalWithoutStart", "load: incremental\n    cursor: at", "{ path: sale, params: { since: $since } }",
       "sources/a.yaml:7:14: `sale` doesn't say what `$since` is at the first load\n"
       "  hint: such as `start: 2020-01-01T00:00:00Z`"),
    in_request("SinceOfAFullLoad", "load: full", "{ path: sale, params: { since: $since } }",
       "sources/a.yaml:6:14: `$since` is for `load: incremental`, and `sale` is loaded in full\n"
       "  hint: add `load: incremental` and a `cursor`, or remove `$since`"),
    in_rows("QueryWithoutAPlace", "id", "{ path: '{id}', for_each: { query: select 1 as id } }",
       "sources/a.yaml:7:49: `query` of `for_each` doesn't say where\n"
       "  hint: add `in:` with a connection to PostgreSQL"),
    in_rows("QueryInAnApi", "id", "{ path: '{id}', for_each: { in: api, query: select 1 as id } }",
       "sources/a.yaml:7:46: `api` is of kind `http`, and `for_each` asks PostgreSQL\n"
       "  hint: name a connection such as `postgresql://user@host/database`"),
    in_rows("QueryInNoConnection", "id", "{ path: '{id}', for_each: { in: towns, query: select 1 as id } }",
       "sources/a.yaml:7:46: no connection `towns` in lochan.yaml\n"
       "  hint: did you mean `town`?"),
    in_rows("QueryThatNothingNames", "id", "{ path: sale, for_each: { in: town, query: select 1 as id } }",
       "sources/a.yaml:7:57: nothing of the request names a column of the query\n"
       "  hint: such as `params: {name: \"{city}\"}` for its column `city`"),
    in_rows("QueryAndValues", "id", "{ path: '{id}', for_each: { in: town, query: select 1 as id, name: id, values: [1] } }",
       "sources/a.yaml:7:59: `sale` is asked for each row of a query, and for something else\n"
       "  hint: keep `in` and `query`, or `name` and `values`, or `parent`"),
    in_rows("OnceByAKeyOfTheAnswer", "[id, asked]", "{ path: '{id}', from_parent: { asked: id }, for_each: { in: town, query: select 1 as id, once: true } }",
       "sources/a.yaml:6:11: with `once` the key is known before anything is asked, and `id` isn't taken from the query\n"
       "  hint: add it: `from_parent: { id: id }`"),
    in_request("ValuesWithoutAName", "load: full", "{ path: '{id}', for_each: { values: [1] } }",
       "sources/a.yaml:6:40: `for_each` doesn't say what stands for a value\n"
       "  hint: such as `name: company` for `{company}`"),
    in_request("NothingToBeAskedFor", "load: full", "{ path: sale, for_each: {} }",
       "sources/a.yaml:6:38: `for_each` says nothing that the request is asked for\n"
       "  hint: give values, such as `{name: company, values: [a, b]}` for `{company}`, or rows: `in:` a connection to PostgreSQL with a `query:`"),
    in_request("AnEmptyNameToBeAskedFor", "load: full", "{ path: sale, for_each: }",
       "sources/a.yaml:6:28: `for_each` says nothing that the request is asked for\n"
       "  hint: give values, such as `{name: company, values: [a, b]}` for `{company}`, or rows: `in:` a connection to PostgreSQL with a `query:`"),
    in_request("BodyOfAGet", "load: full", "{ path: sale, body: '{}' }",
       "sources/a.yaml:6:34: a `body` is for `method: POST`\n"
       "  hint: add `method: POST`, or remove `body`"),
    in_request("BodyThatIsNoJson", "load: full", "{ path: sale, method: POST, body: '{\"a\": }' }",
       "sources/a.yaml:6:48: `body` is no JSON: at letter 7 it ends or goes wrong\n"
       "  hint: write the whole object, such as `body: '{\"limit\": 1000}'`"),
    in_request("CursorWithoutAPlace", "load: full", "{ path: sale, pagination: { by: cursor } }",
       "sources/a.yaml:6:14: `pagination` by cursor doesn't say where the next page is named\n"
       "  hint: name its place in the body, such as `at: meta.next`"),
    in_request("TotalWithoutSize", "load: full", "{ path: sale, pagination: { by: page_number, total: meta.total } }",
       "sources/a.yaml:6:66: `total` needs the `size` of a page\n"
       "  hint: such as `size: 100`"),
    in_request("TotalOfACursor", "load: full", "{ path: sale, pagination: { by: cursor, at: next, total: n } }",
       "sources/a.yaml:6:71: `total` is for `offset` and `page_number`, not for cursor\n"
       "  hint: remove `total`"),
    in_request("OffsetWithoutSize", "load: full", "{ path: sale, pagination: { by: offset } }",
       "sources/a.yaml:6:14: `pagination` by offset needs the `size` of a page\n"
       "  hint: such as `size: 100`, with `size_param: limit`"),
    in_request("NoSuchParent", "load: full", "{ path: 'till/{id}/sale', parent: till }",
       "sources/a.yaml:6:48: no table `till` in source `a` to be the parent\n"
       "  hint: there are sale"),
    in_request("ColumnOfNoParent", "load: full", "{ path: 'till/{id}/sale' }",
       "sources/a.yaml:6:22: the `path` names a column of a parent, and there is no `parent`\n"
       "  hint: name the table whose records it is asked for, such as `parent: users`, or values, such as `for_each: {name: id, values: [1, 2]}`"),
    in_request("NameAtTheSource", "from: sales", "{ path: sale }",
       "sources/a.yaml:4:3: `from` of `sale` is for databases and files, and `api` is of kind `http`\n"
       "  hint: remove `from`: what an API is asked for stands in `request`"),
    in_request("OptionOfFiles", "delimiter: ';'", "{ path: sale }",
       "sources/a.yaml:4:3: `delimiter` of `sale` is for files, and `api` is of kind `http`\n"
       "  hint: remove `delimiter`"),
    {"NothingIsAsked",
     {{"lochan.yaml", "name: a\nconnections:\n  api: https://api.example.com/v1\n"}, {"sources/a.yaml", "source: a\nfrom: api\ntables: { sale: }\n"}},
     {"sources/a.yaml:3:11: `sale` doesn't say what to ask `api` for\n"
      "  hint: such as `request: {path: sale}`; `lochan source probe URL` drafts it"}},
    {"RequestOfADatabase",
     {{"sources/a.yaml", "source: a\nfrom: shop\ntables: { sale: { request: { path: sale } } }\n"}},
     {"sources/a.yaml:3:28: `request` of `sale` is for connections of kind `http`, and `shop` is of another\n"
      "  hint: remove `request`"}},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(OfApis, ProjectProblems, testing::ValuesIn(kCases), name_of);

}  // namespace
}  // namespace lochan
