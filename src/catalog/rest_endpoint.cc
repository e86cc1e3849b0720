#include "catalog/rest_endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "catalog/rest_load_result.h"

namespace lochan {
namespace {

HttpResponse json_response(const Json& body) {
  HttpResponse response;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

HttpResponse no_content() { return {.status = 204, .headers = {}, .body = {}, .content_type = {}}; }

std::string_view parameter(const RestCall& call, std::string_view name) {
  const auto found = call.query.find(name);
  return found == call.query.end() ? std::string_view() : std::string_view(found->second);
}

Json body_of(const RestCall& call) {
  Json body = Json::parse(call.request.body, nullptr, false);
  if (!body.is_object()) throw bad_request("the request's body is no JSON object");
  return body;
}

// A name that can't exist is not found, rather than a bad request: Spark asks for `sale.snapshots` in this way.
const std::string& layer_of(const RestCall& call) {
  const std::string& layer = call.names.at("namespace");
  if (!is_plain_name(layer)) throw Error(ErrorKind::NotFound, fmt::format("no namespace `{}`", layer));
  return layer;
}

TableName name_of(const RestCall& call, const char* what) {
  const std::string& name = call.names.at(what);
  if (!is_plain_name(name)) throw Error(ErrorKind::NotFound, fmt::format("no {} `{}`", what, name));
  return {layer_of(call), name};
}

// What a body names is about to be made or changed: a name that can't exist is a bad request.
const std::string& checked_name(const Json& value) {
  if (!value.is_string()) throw bad_request("a name must be a text");
  const auto& name = value.get_ref<const std::string&>();
  if (!is_plain_name(name))
    throw bad_request(fmt::format("`{}` is no name: only letters, digits, `_` and `-` are taken", name));
  return name;
}

std::string table_in(const Json& body) {
  const auto name = body.find("name");
  if (name == body.end()) throw bad_request("there is no `name`");
  return checked_name(*name);
}

std::string layer_in(const Json& body) {
  const auto levels = body.find("namespace");
  if (levels == body.end() || !levels->is_array() || levels->size() != 1)
    throw bad_request("`namespace` must be a list of one level");
  return checked_name(levels->front());
}

TableCommit commit_in(Json body, TableName table) {
  TableCommit commit{std::move(table), Json::array(), Json::array()};
  for (const auto& [key, part] : {std::pair{"requirements", &commit.requirements}, {"updates", &commit.updates}}) {
    const auto found = body.find(key);
    if (found == body.end() || !found->is_array()) throw bad_request(fmt::format("the body has no list `{}`", key));
    *part = std::move(*found);
  }
  return commit;
}

HttpResponse list_namespaces(const RestCall& call) {
  Json body = {{"namespaces", Json::array()}, {"next-page-token", nullptr}};
  if (const std::string_view parent = parameter(call, "parent"); !parent.empty()) {
    call.access.namespace_properties(std::string(parent));  // which has no namespaces in it, if it is there
    return json_response(body);
  }
  for (std::string& name : call.access.namespaces()) body["namespaces"].push_back(Json::array({std::move(name)}));
  return json_response(body);
}

HttpResponse create_namespace(const RestCall& call) {
  const Json body = body_of(call);
  const std::string name = layer_in(body);
  const auto properties = body.value("properties", std::map<std::string, std::string>());
  call.access.create_namespace(name, properties);
  return json_response({{"namespace", Json::array({name})}, {"properties", properties}});
}

HttpResponse load_namespace(const RestCall& call) {
  const std::string& name = layer_of(call);
  return json_response({{"namespace", Json::array({name})}, {"properties", call.access.namespace_properties(name)}});
}

HttpResponse namespace_exists(const RestCall& call) {
  call.access.namespace_properties(layer_of(call));
  return no_content();
}

HttpResponse drop_namespace(const RestCall& call) {
  call.access.drop_namespace(layer_of(call));
  return no_content();
}

HttpResponse identifiers(const std::vector<TableName>& names) {
  Json body = {{"identifiers", Json::array()}, {"next-page-token", nullptr}};
  for (const TableName& name : names)
    body["identifiers"].push_back({{"namespace", Json::array({name.layer})}, {"name", name.name}});
  return json_response(body);
}

HttpResponse list_tables(const RestCall& call) { return identifiers(call.access.tables(layer_of(call))); }
HttpResponse list_views(const RestCall& call) { return identifiers(call.access.views(layer_of(call))); }

HttpResponse create_table(const RestCall& call) {
  const Json body = body_of(call);
  table_in(body);
  return load_response(call.access.create_table(layer_of(call), body), SnapshotChoice::All);
}

HttpResponse load_table(const RestCall& call) {
  const std::string_view snapshots = parameter(call, "snapshots");
  if (!snapshots.empty() && snapshots != "all" && snapshots != "refs")
    throw bad_request(fmt::format("`snapshots` is `{}`: want `all` or `refs`", snapshots));
  const SnapshotChoice choice = snapshots == "refs" ? SnapshotChoice::Refs : SnapshotChoice::All;
  const LoadedMetadata loaded = call.access.load_table(name_of(call, "table"));
  const std::string etag = load_etag(call.access.ref(), loaded, choice);
  HttpResponse response = matches_etag(call.request.header("if-none-match"), etag)
                              ? HttpResponse{.status = 304, .headers = {}, .body = {}, .content_type = {}}
                              : load_response(loaded, choice);
  response.headers["ETag"] = etag;
  return response;
}

HttpResponse table_exists(const RestCall& call) {
  const TableName table = name_of(call, "table");
  if (!call.access.table_exists(table))
    throw Error(ErrorKind::NotFound, fmt::format("no table `{}`", to_string(table)));
  return no_content();
}

HttpResponse commit_table(const RestCall& call) {
  const TableName table = name_of(call, "table");
  const TableCommit commit = commit_in(body_of(call), table);
  return commit_response(call.access.commit(std::span(&commit, 1)).front());
}

HttpResponse commit_transaction(const RestCall& call) {
  Json body = body_of(call);
  const auto changes = body.find("table-changes");
  if (changes == body.end() || !changes->is_array()) throw bad_request("the body has no list `table-changes`");
  std::vector<TableCommit> commits;
  for (Json& change : *changes) {
    const auto identifier = change.is_object() ? change.find("identifier") : change.end();
    if (identifier == change.end() || !identifier->is_object()) throw bad_request("a change has no `identifier`");
    TableName table{layer_in(*identifier), table_in(*identifier)};
    commits.push_back(commit_in(std::move(change), std::move(table)));
  }
  call.access.commit(commits);
  return no_content();
}

HttpResponse drop_table(const RestCall& call) {
  call.access.drop_table(name_of(call, "table"), parameter(call, "purgeRequested") == "true");
  return no_content();
}

// Nobody here reads what scans cost; a client may tell.
HttpResponse take_metrics(const RestCall&) { return no_content(); }

HttpResponse load_view(const RestCall& call) {
  return load_response(call.access.load_view(name_of(call, "view")), SnapshotChoice::All);
}

HttpResponse view_exists(const RestCall& call) {
  call.access.load_view(name_of(call, "view"));
  return no_content();
}

HttpResponse refuse(const RestCall& call) {
  return http_error(406, "UnsupportedOperationException",
                    fmt::format("this catalog has no {} {}", call.request.method, call.request.path));
}

constexpr RestErrorTypes kNamespace{"NoSuchNamespaceException", "NamespaceNotEmptyException", "InternalServerError"};
constexpr RestErrorTypes kCreate{"NoSuchNamespaceException", "AlreadyExistsException", "InternalServerError"};
constexpr RestErrorTypes kTable{"NoSuchTableException", "CommitFailedException", "InternalServerError"};
constexpr RestErrorTypes kCommit{"NoSuchTableException", "CommitFailedException", "CommitStateUnknownException"};
constexpr RestErrorTypes kView{"NoSuchViewException", "CommitFailedException", "InternalServerError"};

constexpr std::array kEndpoints = {
    RestEndpoint{"GET", "/v1/{prefix}/namespaces", list_namespaces, kNamespace},
    RestEndpoint{"POST", "/v1/{prefix}/namespaces", create_namespace, kCreate},
    RestEndpoint{"GET", "/v1/{prefix}/namespaces/{namespace}", load_namespace, kNamespace},
    RestEndpoint{"HEAD", "/v1/{prefix}/namespaces/{namespace}", namespace_exists, kNamespace},
    RestEndpoint{"DELETE", "/v1/{prefix}/namespaces/{namespace}", drop_namespace, kNamespace},
    RestEndpoint{"GET", "/v1/{prefix}/namespaces/{namespace}/tables", list_tables, kNamespace},
    RestEndpoint{"POST", "/v1/{prefix}/namespaces/{namespace}/tables", create_table, kCreate},
    RestEndpoint{"GET", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", load_table, kTable},
    RestEndpoint{"HEAD", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", table_exists, kTable},
    RestEndpoint{"POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", commit_table, kCommit},
    RestEndpoint{"DELETE", "/v1/{prefix}/namespaces/{namespace}/tables/{table}", drop_table, kTable},
    RestEndpoint{"POST", "/v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics", take_metrics, kTable},
    RestEndpoint{"POST", "/v1/{prefix}/transactions/commit", commit_transaction, kCommit},
    RestEndpoint{"GET", "/v1/{prefix}/namespaces/{namespace}/views", list_views, kNamespace},
    RestEndpoint{"GET", "/v1/{prefix}/namespaces/{namespace}/views/{view}", load_view, kView},
    RestEndpoint{"HEAD", "/v1/{prefix}/namespaces/{namespace}/views/{view}", view_exists, kView},
};

constexpr std::array kRefused = {
    RestEndpoint{"POST", "/v1/{prefix}/namespaces/{namespace}/properties", refuse, kNamespace},
    RestEndpoint{"POST", "/v1/{prefix}/namespaces/{namespace}/register", refuse, kTable},
    RestEndpoint{"POST", "/v1/{prefix}/tables/rename", refuse, kTable},
    RestEndpoint{"POST", "/v1/{prefix}/namespaces/{namespace}/views", refuse, kView},
    RestEndpoint{"POST", "/v1/{prefix}/namespaces/{namespace}/views/{view}", refuse, kView},
    RestEndpoint{"DELETE", "/v1/{prefix}/namespaces/{namespace}/views/{view}", refuse, kView},
    RestEndpoint{"POST", "/v1/{prefix}/views/rename", refuse, kView},
};

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

std::span<const RestEndpoint> rest_endpoints() { return kEndpoints; }
std::span<const RestEndpoint> refused_rest_endpoints() { return kRefused; }

bool is_plain_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && std::ranges::all_of(name, is_plain);
}

std::optional<std::map<std::string, std::string, std::less<>>> match_rest_path(std::string_view pattern,
                                                                               std::string_view raw_path) {
  std::map<std::string, std::string, std::less<>> names;
  while (!pattern.empty()) {
    if (!raw_path.starts_with('/')) return std::nullopt;
    const std::string_view wanted = take_segment(pattern);
    const std::string_view segment = take_segment(raw_path);
    if (!wanted.starts_with('{')) {
      if (segment != wanted) return std::nullopt;
      continue;
    }
    if (segment.empty()) return std::nullopt;
    std::optional<std::string> name = percent_decode(segment);
    if (!name) throw bad_request(fmt::format("a broken escape in `{}`", segment));
    names.emplace(wanted.substr(1, wanted.size() - 2), std::move(*name));
  }
  if (!raw_path.empty()) return std::nullopt;
  return names;
}

}  // namespace lochan
