// The keys of connections to HTTP APIs, and of what is asked there for a table.
#include <fmt/format.h>

#include "base/json.h"
#include "project/connection_url.h"
#include "project/file_keys.h"
#include "project/http_config.h"

namespace lochan {

template <>
struct EnumWords<HttpPaging> {
  static constexpr std::array<std::string_view, 7> kWords = {"none",   "header_link", "json_link", "cursor",
                                                             "offset", "page_number", "keyset"};
};

namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

/// A mapping of the user's own names, which may be any text, to values.
template <typename T>
void add_texts(Keys<T>& keys, std::string_view name, std::map<std::string, std::string> T::* member,
               std::string_view help) {
  const ValueType type{.shape = Shape::Literal, .count = Count::Named};
  keys.add({.name = name, .type = type, .help = help},
           [name, type, member](ValueReader& reader, const YamlValue& value, T& into) {
             if (value.kind != YamlValue::Kind::Mapping) return reader.add_wrong_type(value, name, type);
             for (const YamlEntry& entry : value.entries)
               if (auto text = reader.read_scalar(entry.value, entry.key, {.shape = Shape::Literal}))
                 (into.*member)[entry.key] = std::move(*text);
           });
}

template <typename T, typename Part>
void add_mapping(Keys<T>& keys, std::string_view name, const Keys<Part>& part, Part T::* member,
                 std::string_view help) {
  keys.add({.name = name, .type = {.shape = Shape::Mapping, .keys = &part.table()}, .help = help},
           [&part, member](ValueReader& reader, const YamlValue& value, T& into) {
             part.read(reader, value, into.*member);
           });
}

void choose(ValueReader& reader, const Position& position, HttpAuth& auth, HttpAuthKind kind) {
  if (auth.kind != HttpAuthKind::None)
    reader.problems().add(position, "`auth` says two ways to sign in", "keep one of them");
  auth.kind = kind;
}

/// One of the ways to sign in.
void add_way(Keys<HttpAuth>& keys, std::string_view name, HttpAuthKind kind, const Keys<HttpAuth>& part,
             std::string_view help) {
  keys.add({.name = name, .type = {.shape = Shape::Mapping, .keys = &part.table()}, .help = help},
           [&part, kind](ValueReader& reader, const YamlValue& value, HttpAuth& auth) {
             choose(reader, value.position, auth, kind);
             part.read(reader, value, auth);
           });
}

void read_key_name(ValueReader& reader, const YamlValue& value, HttpAuth& auth, std::string_view key, bool in_query) {
  auto text = reader.read_scalar(value, key, {});
  if (!text) return;
  if (!auth.name.empty())
    return reader.problems().add(value.position, "a `key` stands in a header or in the query",
                                 "keep one of `header` and `query`");
  auth.name = std::move(*text);
  auth.in_query = in_query;
}

/// A key of connections of kind http alone; that it was written is remembered.
template <typename M>
void add_setting(Keys<Connection>& keys, std::string_view name, M HttpSettings::* member, std::string_view help,
                 KeyOptions options = {}) {
  Key key{
      .name = name, .type = Member<M>::type(), .default_text = Member<M>::show(HttpSettings{}.*member), .help = help};
  if (options.least) key.type.least = options.least;
  keys.add(key, [key, member](ValueReader& reader, const YamlValue& value, Connection& connection) {
    if (!connection.http) connection.http = std::make_shared<HttpSettings>();
    connection.http->written.emplace_back(key.name, value.position);
    Member<M>::read(reader, value, key, (*connection.http).*member);
  });
}

template <typename Part>
void add_setting_part(Keys<Connection>& keys, std::string_view name, const Keys<Part>& part,
                      Part HttpSettings::* member, std::string_view help) {
  keys.add({.name = name, .type = {.shape = Shape::Mapping, .keys = &part.table()}, .help = help},
           [name, &part, member](ValueReader& reader, const YamlValue& value, Connection& connection) {
             if (!connection.http) connection.http = std::make_shared<HttpSettings>();
             connection.http->written.emplace_back(name, value.position);
             part.read(reader, value, (*connection.http).*member);
           });
}

void read_headers(ValueReader& reader, const YamlValue& value, Connection& connection) {
  const ValueType type{.shape = Shape::Literal, .count = Count::Named};
  if (!connection.http) connection.http = std::make_shared<HttpSettings>();
  connection.http->written.emplace_back("headers", value.position);
  if (value.kind != YamlValue::Kind::Mapping) return reader.add_wrong_type(value, "headers", type);
  for (const YamlEntry& entry : value.entries)
    if (auto text = reader.read_scalar(entry.value, entry.key, {.shape = Shape::Literal}))
      connection.http->headers[entry.key] = std::move(*text);
}

void read_body(ValueReader& reader, const YamlValue& value, HttpResource& resource) {
  auto text = reader.read_scalar(value, "body", {});
  if (!text) return;
  try {
    [[maybe_unused]] const Json parsed = Json::parse(*text);
  } catch (const Json::parse_error& error) {
    return reader.problems().add(value.position,
                                 fmt::format("`body` is no JSON: at letter {} it ends or goes wrong", error.byte),
                                 "write the whole object, such as `body: '{\"limit\": 1000}'`");
  }
  resource.body = {std::move(*text), value.position};
}

const Keys<HttpAuth>& http_basic_keys() {
  static const Keys<HttpAuth> kKeys =
      Keys<HttpAuth>("http_basic", "`basic`, in `auth`", "A user and a password, sent with each request.")
          .add("user", &HttpAuth::user, "who", {.is_required = true})
          .add("password", &HttpAuth::password, "the password", {.is_required = true});
  return kKeys;
}

const Keys<HttpAuth>& http_key_keys() {
  static const Keys<HttpAuth> kKeys =
      Keys<HttpAuth>("http_key", "`key`, in `auth`",
                     "A key, sent with each request in a header or in the query: give one of `header` and `query`.")
          .add({.name = "header", .help = "the header's name, such as `X-Api-Key`"},
               [](ValueReader& reader, const YamlValue& value, HttpAuth& auth) {
                 read_key_name(reader, value, auth, "header", false);
               })
          .add({.name = "query", .help = "the parameter's name, such as `api_key`"},
               [](ValueReader& reader, const YamlValue& value, HttpAuth& auth) {
                 read_key_name(reader, value, auth, "query", true);
               })
          .add("value", &HttpAuth::value, "the key itself", {.is_required = true});
  return kKeys;
}

const Keys<HttpAuth>& http_oauth2_keys() {
  static const Keys<HttpAuth> kKeys =
      Keys<HttpAuth>(
          "http_oauth2", "`oauth2`, in `auth`",
          "OAuth 2 with client credentials: a token is asked for when it is needed, and anew when it has expired.")
          .add("token_url", &HttpAuth::token_url, "where tokens are given", {.is_required = true})
          .add("client_id", &HttpAuth::user, "the client's name", {.is_required = true})
          .add("client_secret", &HttpAuth::password, "the client's secret", {.is_required = true})
          .add("scope", &HttpAuth::scope, "what the token is for");
  return kKeys;
}

}  // namespace

const Keys<HttpAuth>& http_auth_keys() {
  static const Keys<HttpAuth> kKeys = [] {
    Keys<HttpAuth> keys("http_auth", "`auth`, of a connection of kind http", "Who we are: one of these.");
    keys.add({.name = "bearer", .help = "a token, sent as `Authorization: Bearer …`"},
             [](ValueReader& reader, const YamlValue& value, HttpAuth& auth) {
               choose(reader, value.position, auth, HttpAuthKind::Bearer);
               if (auto text = reader.read_scalar(value, "bearer", {})) auth.token = std::move(*text);
             });
    add_way(keys, "basic", HttpAuthKind::Basic, http_basic_keys(), "a user and a password");
    add_way(keys, "key", HttpAuthKind::Key, http_key_keys(), "a key in a header or in the query");
    add_way(keys, "oauth2", HttpAuthKind::OAuth2, http_oauth2_keys(), "client credentials");
    keys.one_of();
    return keys;
  }();
  return kKeys;
}

const Keys<HttpRate>& http_rate_keys() {
  static const Keys<HttpRate> kKeys =
      Keys<HttpRate>(
          "http_rate", "`rate_limit`, of a connection of kind http",
          "How many calls the API takes. What comes too early waits; a `Retry-After` of the API is heeded too.")
          .add("calls", &HttpRate::calls, "at most so many", {.least = 1, .is_required = true})
          .add("per", &HttpRate::per, "in any stretch of this length");
  return kKeys;
}

void add_http_settings(Keys<Connection>& keys) {
  keys.add({.name = "headers",
            .type = {.shape = Shape::Literal, .count = Count::Named},
            .help = "http: headers of each request, such as `Accept-Language: en`"},
           read_headers);
  add_setting_part(keys, "auth", http_auth_keys(), &HttpSettings::auth, "http: who we are");
  add_setting_part(keys, "rate_limit", http_rate_keys(), &HttpSettings::rate, "http: how many calls the API takes");
  add_setting(keys, "concurrency", &HttpSettings::concurrency,
              "http: requests at once, where pages don't depend on one another", {.least = 1});
  add_setting(keys, "timeout", &HttpSettings::timeout, "http: of one request");
  add_setting(keys, "connect_timeout", &HttpSettings::connect_timeout, "http: until the connection stands");
  add_setting(keys, "retries", &HttpSettings::retries,
              "http: further tries of a request that met 429, 5xx, a cut or a timeout");
  add_setting(keys, "retry_delay", &HttpSettings::retry_delay,
              "http: before the second try, where the API names no time; doubled each time, up to a minute");
  add_setting(keys, "max_wait", &HttpSettings::max_wait, "http: a `Retry-After` beyond this fails the attempt");
  keys.add({.name = "certificates", .help = "http: a PEM file of certificates to trust, in place of the machine's"},
           [](ValueReader& reader, const YamlValue& value, Connection& connection) {
             if (!connection.http) connection.http = std::make_shared<HttpSettings>();
             connection.http->written.emplace_back("certificates", value.position);
             if (const auto text = reader.read_scalar(value, "certificates", {}))
               connection.http->certificates = absolute_path(reader.folder(), *text);
           });
}

const Keys<HttpPagination>& http_pagination_keys() {
  static const Keys<HttpPagination> kKeys =
      Keys<HttpPagination>("http_pagination", "`pagination`, in `request`", "How one page leads to the next.")
          .add("by", &HttpPagination::by,
               "`header_link`: the header `Link` with `rel=\"next\"`; `json_link`: a URL in the body; `cursor`: a word "
               "in the body; `offset`: how "
               "many records to leave out; `page_number`; `keyset`: the last record's own value",
               {.is_required = true})
          .add("at", &HttpPagination::at,
               "json_link and cursor: where it stands in the body, such as `meta.next`; keyset: the column, such as "
               "`uuid`")
          .add("param", &HttpPagination::param, "the parameter; by default `cursor`, `offset`, `page` or `after_id`")
          .add("in_body", &HttpPagination::in_body, "the parameters stand in the JSON body, not in the query")
          .add("size", &HttpPagination::size, "records of a page; 0: as many as the API gives")
          .add("size_param", &HttpPagination::size_param, "the parameter that asks for this size, such as `limit`")
          .add("first", &HttpPagination::first, "page_number: the first page's")
          .add("total", &HttpPagination::total,
               "offset and page_number: where the number of all records stands in the body; then pages are asked for "
               "side by side");
  return kKeys;
}

/// A key of HttpResource::each_row.
template <typename M>
void add_row_key(Keys<HttpResource>& keys, std::string_view name, M HttpRows::* member, std::string_view help) {
  Key key{.name = name, .type = Member<M>::type(), .help = help};
  key.default_text = Member<M>::show(HttpRows{}.*member);
  keys.add(key, [key, member](ValueReader& reader, const YamlValue& value, HttpResource& resource) {
    if (!resource.each_row) resource.each_row.emplace();
    Member<M>::read(reader, value, key, *resource.each_row.*member);
  });
}

const Keys<HttpResource>& http_for_each_keys() {
  static const Keys<HttpResource> kKeys = [] {
    Keys<HttpResource> keys("http_for_each", "`for_each`, in `request`",
                            "In place of a parent: it is asked once for each of these values, or for each row of a query.");
    keys.add("name", &HttpResource::each, "what stands for a value, such as `company` for `{company}`");
    keys.add({.name = "values", .type = {.shape = Shape::Literal, .count = Count::List}, .help = "the values"},
             [](ValueReader& reader, const YamlValue& value, HttpResource& resource) {
               const ValueType type{.shape = Shape::Literal, .count = Count::List};
               for (LocatedText& text : reader.read_list(value, "values", type))
                 resource.each_values.push_back(std::move(text.value));
             });
    add_row_key(keys, "in", &HttpRows::in, "in place of `name` and `values`: a connection to PostgreSQL");
    add_row_key(keys, "query", &HttpRows::query,
                "SQL of that database: it is asked for each row, and `{city}` stands for the row's column `city`");
    add_row_key(keys, "once", &HttpRows::once,
                "query: a row whose `key` the table has already is not asked for again; the `key` is taken from the row");
    return keys;
  }();
  return kKeys;
}

const Keys<HttpResource>& http_resource_keys() {
  static const Keys<HttpResource> kKeys = [] {
    Keys<HttpResource> keys("http_request", "`request`, of a table from a connection of kind http",
                            "What is asked for a table. In `path`, `params` and `body`, `$since` stands for how far "
                            "the cursor has come, and "
                            "`{id}` for a column of the parent's record.");
    keys.add("path", &HttpResource::path, "after the connection's URL", {.is_required = true});
    keys.add(
        {.name = "method",
         .type = {.shape = Shape::Choice, .choices = {"GET", "POST"}},
         .default_text = "GET",
         .help = "how it is asked"},
        [](ValueReader& reader, const YamlValue& value, HttpResource& resource) {
          if (auto text = reader.read_scalar(value, "method", {.shape = Shape::Choice, .choices = {"GET", "POST"}}))
            resource.method = std::move(*text);
        });
    add_texts(keys, "params", &HttpResource::params,
              "parameters of the query, such as `status: active` or `updated_since: $since`");
    add_texts(keys, "headers", &HttpResource::headers, "headers beside the connection's");
    keys.add({.name = "body", .help = "POST: the body, as JSON text"}, read_body);
    keys.add(
        "records", &HttpResource::records,
        "where the records stand in the body, such as `data.items`; by default the body is their list, or one record");
    add_mapping(keys, "pagination", http_pagination_keys(), &HttpResource::pagination,
                "how one page leads to the next; by default there is one page");
    keys.add("parent", &HttpResource::parent,
             "a table of this source: it is asked once for each of that one's records");
    add_texts(keys, "from_parent", &HttpResource::from_parent,
              "columns that are taken over from the parent's record, such as `user_id: id`");
    keys.add({.name = "for_each",
              .type = {.shape = Shape::Mapping, .keys = &http_for_each_keys().table()},
              .help = "in place of a parent: values that it is asked for, each once, or the rows of a query"},
             [](ValueReader& reader, const YamlValue& value, HttpResource& resource) {
               const std::size_t before = reader.problems().size();
               http_for_each_keys().read(reader, value, resource);
               // What it is for can't be said where something of it could not be read.
               if (reader.problems().size() == before) resource.for_each = value.position;
             });
    keys.add("start", &HttpResource::start,
             "incremental: what `$since` is at the first load, such as `2020-01-01T00:00:00Z`");
    return keys;
  }();
  return kKeys;
}

Key http_request_key() {
  return {.name = "request",
          .type = {.shape = Shape::Mapping, .keys = &http_resource_keys().table()},
          .help = "from connections of kind http: what is asked for the table"};
}

void read_http_request(ValueReader& reader, const YamlValue& value, SourceTable& table) {
  auto resource = std::make_shared<HttpResource>();
  resource->position = value.position;
  resource->pagination.position = value.position;
  http_resource_keys().read(reader, value, *resource);
  table.request = std::move(resource);
}

std::vector<const KeyTable*> http_connection_key_tables() {
  return {&http_auth_keys().table(), &http_basic_keys().table(), &http_key_keys().table(), &http_oauth2_keys().table(),
          &http_rate_keys().table()};
}

std::vector<const KeyTable*> http_source_key_tables() {
  return {&http_resource_keys().table(), &http_for_each_keys().table(), &http_pagination_keys().table()};
}

}  // namespace lochan
