// HTTP APIs: the keys of their connections and of what is asked for a table go together.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "project/connection_url.h"
#include "project/files_config.h"
#include "project/http_config.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void verify_connection(const Connection& connection, Problems& problems) {
  if (!connection.http || connection.kind.empty()) return;
  const bool has_files_there = connection.kind == "files" && files_place(connection) == FilesPlace::Web;
  if (connection.kind != "http" && !has_files_there) {
    const bool is_bucket = connection.kind == "files" && files_place(connection) == FilesPlace::Bucket;
    for (const auto& [key, position] : connection.http->written)
      if (!is_bucket || key != "certificates")
        problems.add(position,
                     fmt::format("`{}` is for connections of kind `http`, and `{}` is of kind `{}`", key,
                                 connection.name, connection.kind),
                     fmt::format("remove `{}`", key));
    return;
  }
  const std::string authority = connection.url.substr(0, connection.url.find_first_of("?#"));
  if (authority.find('@') != std::string::npos && authority.find('@') < connection.url.find('/', 8))
    problems.add(connection.position, fmt::format("the URL of `{}` holds a password", connection.name),
                 "give it as `auth: {basic: {user: …, password: …}}`");
  if (connection.url.find('?') != std::string::npos)
    problems.add(connection.position, fmt::format("the URL of `{}` holds parameters", connection.name),
                 "give a key as `auth: {key: {query: …, value: …}}`, others as `params` of a request");
  const HttpAuth& auth = connection.http->auth;
  for (const auto& [key, position] : connection.http->written)
    if (key == "auth" && auth.kind == HttpAuthKind::None)
      problems.add(position, "`auth` says no way to sign in", "give `bearer`, `basic`, `key` or `oauth2`");
  if (auth.kind == HttpAuthKind::Key && auth.name.empty())
    problems.add(connection.position, fmt::format("the `key` of `{}` doesn't say where it stands", connection.name),
                 "give `header: X-Api-Key`, or `query: api_key`");
  if (auth.kind == HttpAuthKind::OAuth2 && !auth.token_url.empty() && !auth.token_url.starts_with("http"))
    problems.add(connection.position, fmt::format("`token_url` of `{}` is no URL", connection.name),
                 "write it as `https://host/token`");
}

class RequestCheck {
 public:
  RequestCheck(const SourceConfig& source, const SourceTable& table, Problems& problems)
      : source_(source), table_(table), request_(*table.request), problems_(problems) {}

  void run() {
    check_load();
    check_body();
    check_pagination();
    check_parent();
  }

 private:
  void add(const Position& position, std::string message, std::string hint) {
    problems_.add(position.is_known() ? position : request_.position, std::move(message), std::move(hint));
  }

  void check_load() {
    const bool is_incremental = table_.load == LoadMode::Incremental;
    if (is_incremental && !names_since(request_))
      add({},
          fmt::format("`{}` is loaded incrementally, and its `request` asks for everything: it names no `$since`",
                      table_.name),
          "bind the API's parameter to it, such as `params: {updated_since: $since}`, or load it in full");
    if (!is_incremental && names_since(request_))
      add({}, fmt::format("`$since` is for `load: incremental`, and `{}` is loaded in full", table_.name),
          "add `load: incremental` and a `cursor`, or remove `$since`");
    if (!is_incremental && request_.start)
      add(request_.start->position,
          fmt::format("`start` is for `load: incremental`, and `{}` is loaded in full", table_.name), "remove `start`");
    if (is_incremental && !request_.start)
      add({}, fmt::format("`{}` doesn't say what `$since` is at the first load", table_.name),
          "such as `start: 2020-01-01T00:00:00Z`");
  }

  void check_body() {
    if (!request_.body->empty() && request_.method != "POST")
      add(request_.body.position, "a `body` is for `method: POST`", "add `method: POST`, or remove `body`");
    if (request_.pagination.in_body && request_.body->empty())
      add(request_.pagination.position, "`in_body` needs a `body`",
          "give `method: POST` and `body`, or remove `in_body`");
  }

  void check_pagination() {
    const HttpPagination& pages = request_.pagination;
    const std::string by(to_string(pages.by));
    const bool needs_at =
        pages.by == HttpPaging::JsonLink || pages.by == HttpPaging::Cursor || pages.by == HttpPaging::Keyset;
    if (needs_at && pages.at->empty())
      add(pages.position, fmt::format("`pagination` by {} doesn't say where the next page is named", by),
          pages.by == HttpPaging::Keyset ? "name the column, such as `at: uuid`"
                                         : "name its place in the body, such as `at: meta.next`");
    if (!needs_at && !pages.at->empty())
      add(pages.at.position, fmt::format("`at` is not for `pagination` by {}", by), "remove `at`");
    const bool counts = pages.by == HttpPaging::Offset || pages.by == HttpPaging::PageNumber;
    if (!counts && !pages.total->empty())
      add(pages.total.position, fmt::format("`total` is for `offset` and `page_number`, not for {}", by),
          "remove `total`");
    if (counts && !pages.total->empty() && pages.size == 0)
      add(pages.total.position, "`total` needs the `size` of a page", "such as `size: 100`");
    if (pages.by == HttpPaging::Offset && pages.size == 0)
      add(pages.position, "`pagination` by offset needs the `size` of a page",
          "such as `size: 100`, with `size_param: limit`");
    if (!pages.size_param.empty() && pages.size == 0)
      add(pages.position, "`size_param` needs a `size`", "such as `size: 100`");
  }

  void check_parent() {
    if (request_.each_row) return check_for_each_row(*request_.each_row);
    if (request_.for_each.is_known()) return check_for_each();
    if (!request_.parent) {
      if (request_.path->find('{') != std::string::npos)
        add(request_.path.position, "the `path` names a column of a parent, and there is no `parent`",
            "name the table whose records it is asked for, such as `parent: users`, or values, such as `for_each: "
            "{name: id, values: [1, 2]}`");
      if (!request_.from_parent.empty())
        add({}, "`from_parent` needs a `parent`", "name the table, such as `parent: users`");
      return;
    }
    std::vector<std::string> names;
    for (const SourceTable& other : source_.tables) names.push_back(other.name);
    const auto found = std::ranges::find(source_.tables, **request_.parent, &SourceTable::name);
    if (found == source_.tables.end())
      return add(request_.parent->position,
                 fmt::format("no table `{}` in source `{}` to be the parent", **request_.parent, source_.name),
                 text::did_you_mean(**request_.parent, names, fmt::format("there are {}", fmt::join(names, ", "))));
    if (found->load == LoadMode::Incremental && table_.load == LoadMode::Full)
      add(request_.parent->position,
          fmt::format("`{}` is loaded in full, and its parent `{}` gives only what is new", table_.name, found->name),
          "load the parent in full, or this table incrementally too");
    std::set<std::string> seen{table_.name};
    for (auto at = found; at != source_.tables.end() && at->request && at->request->parent;
         at = std::ranges::find(source_.tables, **at->request->parent, &SourceTable::name))
      if (!seen.insert(at->name).second || **at->request->parent == table_.name)
        return add(request_.parent->position, fmt::format("`{}` is its own parent", table_.name),
                   "remove one `parent`");
  }

  void check_for_each() {
    const std::string& name = *request_.each;
    if (name.empty() && request_.each_values.empty())
      return add(
          request_.for_each, "`for_each` says nothing that the request is asked for",
          "give values, such as `{name: company, values: [a, b]}` for `{company}`, or rows: `in:` a connection to "
          "PostgreSQL with a `query:`");
    if (name.empty())
      return add(request_.for_each, "`for_each` doesn't say what stands for a value",
                 "such as `name: company` for `{company}`");
    if (request_.parent)
      add(request_.each.position, "a request is asked for each record of a `parent` or `for_each` value",
          "keep one of them");
    if (request_.each_values.empty())
      add(request_.each.position, fmt::format("`for_each` has no value of `{}`", name), "give at least one");
    const std::vector<std::string> named = names_in_braces(request_);
    if (std::ranges::find(named, name) == named.end())
      add(request_.each.position, fmt::format("nothing of the request names `{{{}}}`", name),
          fmt::format("such as `params: {{query: \"{{{}}}\"}}`", name));
    for (const std::string& other : named)
      if (other != name)
        add({}, fmt::format("the request names `{{{}}}`, and `for_each` gives `{}`", other, name),
            "correct one of them");
    for (const auto& [column, from] : request_.from_parent)
      if (from != name)
        add({}, fmt::format("`from_parent` takes `{}` over, and `for_each` gives `{}`", from, name),
            "correct one of them");
  }

  void check_for_each_row(const HttpRows& rows) {
    const Position& position = rows.query->empty() ? rows.in.position : rows.query.position;
    if (request_.parent || !request_.each->empty() || !request_.each_values.empty())
      add(position, fmt::format("`{}` is asked for each row of a query, and for something else", table_.name),
          "keep `in` and `query`, or `name` and `values`, or `parent`");
    if (rows.in->empty())
      add(position, "`query` of `for_each` doesn't say where", "add `in:` with a connection to PostgreSQL");
    if (rows.query->empty())
      add(position, "`for_each` has no `query`",
          "such as `query: select city from dvd_rental.city where longitude is null`");
    if (names_in_braces(request_).empty())
      add(position, "nothing of the request names a column of the query",
          "such as `params: {name: \"{city}\"}` for its column `city`");
    if (rows.once) check_once(position);
  }

  // Whether a row was asked for must be known before anything is.
  void check_once(const Position& position) {
    if (table_.key.empty())
      add(position,
          fmt::format("`once` needs the `key` of `{}`: a row of which the table has that is not asked for again",
                      table_.name),
          "such as `key: city_id`, with `from_parent: {city_id: city_id}`");
    for (const LocatedText& key : table_.key)
      if (!request_.from_parent.contains(*key))
        add(key.position,
            fmt::format("with `once` the key is known before anything is asked, and `{}` isn't taken from the query",
                        *key),
            fmt::format("add it: `from_parent: {{ {0}: {0} }}`", *key));
  }

  const SourceConfig& source_;
  const SourceTable& table_;
  const HttpResource& request_;
  Problems& problems_;
};

// Where the rows are that are asked for.
void verify_rows(const Project& project, const HttpResource& request, Problems& problems) {
  if (!request.each_row || request.each_row->in->empty()) return;
  const LocatedText& in = request.each_row->in;
  const auto found = project.connections.find(*in);
  if (found == project.connections.end()) {
    std::vector<std::string> names;
    for (const auto& [name, connection] : project.connections) names.push_back(name);
    return problems.add(in.position, fmt::format("no connection `{}` in lochan.yaml", *in),
                        text::did_you_mean(*in, names, fmt::format("there are {}", fmt::join(names, ", "))));
  }
  if (const std::string& kind = found->second.kind; !kind.empty() && kind != "postgres")
    problems.add(in.position, fmt::format("`{}` is of kind `{}`, and `for_each` asks PostgreSQL", *in, kind),
                 "name a connection such as `postgresql://user@host/database`");
}

void verify_request(const Project& project, const SourceConfig& source, const SourceTable& table, Problems& problems) {
  RequestCheck(source, table, problems).run();
  verify_rows(project, *table.request, problems);
}

}  // namespace

void verify_http(const Project& project, Problems& problems) {
  for (const auto& [table, model] : project.models)
    if (table.layer == "landing")
      problems.add(model.position,
                   fmt::format("`{}`: the lake's folder `landing` is for responses of APIs", to_string(table)),
                   "take another name for the layer");
  for (const auto& [name, connection] : project.connections) verify_connection(connection, problems);
  for (const auto& [name, source] : project.sources) {
    std::string http, other;
    for (const LocatedText& from : source.from)
      if (const auto found = project.connections.find(*from);
          found != project.connections.end() && !found->second.kind.empty())
        (found->second.kind == "http" ? http : other) = *from;
    for (const SourceTable& table : source.tables) {
      if (table.request && !other.empty())
        problems.add(table.request->position,
                     fmt::format("`request` of `{}` is for connections of kind `http`, and `{}` is of another",
                                 table.name, other),
                     "remove `request`");
      else if (table.request)
        verify_request(project, source, table, problems);
      else if (!http.empty())
        problems.add(table.position, fmt::format("`{}` doesn't say what to ask `{}` for", table.name, http),
                     fmt::format("such as `request: {{path: {}}}`; `lochan source probe URL` drafts it", table.name));
    }
  }
}

// What a child is asked by, its parent's request says.
void link_parents(SourceConfig& source) {
  for (std::size_t depth = 0; depth < source.tables.size(); ++depth)
    for (SourceTable& table : source.tables) {
      if (!table.request || !table.request->parent) continue;
      const auto parent = std::ranges::find(source.tables, **table.request->parent, &SourceTable::name);
      if (parent == source.tables.end() || !parent->request) continue;
      auto linked = std::make_shared<HttpResource>(*table.request);
      linked->of_parent = parent->request;
      linked->of_parent_load = parent->load;
      table.request = std::move(linked);
    }
}

// The source that asks has no sight of the project's connections.
void link_rows(const Project& project, SourceConfig& source) {
  for (SourceTable& table : source.tables) {
    if (!table.request || !table.request->each_row) continue;
    const auto found = project.connections.find(*table.request->each_row->in);
    if (found == project.connections.end()) continue;
    auto linked = std::make_shared<HttpResource>(*table.request);
    linked->each_row->connection = std::make_shared<Connection>(found->second);
    table.request = std::move(linked);
  }
}

void prepare_http(Project& project, Secrets& secrets) {
  for (auto& [name, source] : project.sources) {
    link_rows(project, source);
    link_parents(source);
  }
  for (auto& [name, connection] : project.connections) {
    const bool has_files_there = connection.kind == "files" && files_place(connection) == FilesPlace::Web;
    if (connection.kind != "http" && !has_files_there) continue;
    if (!connection.http) connection.http = std::make_shared<HttpSettings>();
    HttpSettings& settings = *connection.http;
    settings.gate = std::make_shared<CallGate>(settings.rate.calls, settings.rate.per);
    settings.kept = std::make_shared<KeptAnswers>();
    for (const std::string& secret : {settings.auth.token, settings.auth.password, settings.auth.value})
      if (!secret.empty()) secrets.add(secret);
  }
}

}  // namespace lochan
