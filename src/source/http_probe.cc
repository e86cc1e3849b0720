#include "source/http_probe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/http_server.h"
#include "base/json.h"
#include "base/text.h"
#include "source/http_address.h"
#include "source/http_caller.h"

namespace lochan {
namespace {

constexpr int kDepth = 3;  // of keys that lists are looked for under
constexpr std::array<std::string_view, 5> kSizeNames = {"limit", "per_page", "page_size", "pageSize", "size"};
constexpr std::array<std::string_view, 6> kTotalNames = {"total", "total_count", "totalCount", "total_items", "totalItems", "count"};
constexpr std::array<std::string_view, 6> kTimeNames = {"updated_at", "modified_at", "updatedAt", "last_modified", "modified", "updated"};
constexpr std::array<std::string_view, 4> kSinceNames = {"updated_since", "updated_after", "modified_since", "since"};

/// A place in a body, as `meta.next`.
struct Place {
  std::string path;
  std::string key;
  const Json* value = nullptr;
};

void walk(const Json& json, const std::string& path, int depth, std::vector<Place>& found) {
  if (!json.is_object() || depth == 0) return;
  for (const auto& [key, value] : json.items()) {
    const std::string place = path.empty() ? key : path + "." + key;
    found.push_back({place, key, &value});
    walk(value, place, depth - 1, found);
  }
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

bool is_records(const Json& value) {
  return value.is_array() && !value.empty() && std::ranges::all_of(value, [](const Json& record) { return record.is_object(); });
}

template <typename Names>
bool is_one_of(const std::string& key, const Names& names) {
  return std::ranges::find(names, key) != names.end();
}

std::string word(std::string_view text) {
  std::string name;
  for (const char letter : text) name += (std::isalnum(static_cast<unsigned char>(letter)) != 0) ? letter : '_';
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) name = "t_" + name;
  return name;
}

class Probe {
 public:
  Probe(const Connection& connection, std::string url, Log& log)
      : connection_(connection), api_(connection, log, [] { return false; }), caller_(api_), url_(std::move(url)) {
    const auto question = url_.find('?');
    if (question != std::string::npos) params_ = parse_query(std::string_view(url_).substr(question + 1));
    bare_ = url_.substr(0, question);
    std::string_view path = bare_;
    while (path.ends_with('/')) path.remove_suffix(1);
    draft_.name = word(path.substr(path.rfind('/') + 1));
  }

  HttpDraft run() {
    const HttpReply reply = ask(url_);
    body_ = parse(reply.body);
    find_records();
    find_key();
    find_pages(reply);
    find_cursor();
    write();
    return std::move(draft_);
  }

 private:
  HttpReply ask(const std::string& url) {
    return caller_.call({.url = url, .what = fmt::format("`{}`", api_.shown(url))}, [](const std::string&, const HttpReply&) {});
  }

  Json parse(const std::string& body) const {
    Json json = Json::parse(body, nullptr, false);
    if (!json.is_discarded()) return json;
    throw Error(ErrorKind::Data, fmt::format("`{}` answered no JSON: {}", api_.shown(url_), std::string(text::trim(body)).substr(0, 60)))
        .hint("probe the address of the API itself, not of its pages or its docs");
  }

  // The longest list of objects.
  void find_records() {
    if (is_records(body_)) {
      records_ = body_;
      return note(fmt::format("the body is a list of {}", text::plural(static_cast<std::int64_t>(records_.size()), "record")));
    }
    walk(body_, "", kDepth, places_);
    for (const Place& place : places_)
      if (is_records(*place.value) && place.value->size() > records_.size()) {
        records_ = *place.value;
        selector_ = place.path;
      }
    if (!selector_.empty()) return note(fmt::format("{} at `{}`", text::plural(static_cast<std::int64_t>(records_.size()), "record"), selector_));
    if (!body_.is_object() || body_.empty())
      throw Error(ErrorKind::Data, fmt::format("`{}` has no records: the body is {}", api_.shown(url_), body_.dump().substr(0, 60)))
          .hint("probe an address that has some");
    for (const Place& place : places_)
      if (place.value->is_array() && place.value->empty())
        throw Error(ErrorKind::Data, fmt::format("`{}` has no records yet: the list `{}` is empty", api_.shown(url_), place.path))
            .hint("probe an address that has some");
    records_ = Json::array({body_});
    note("the body is one record");
  }

  std::vector<Json> values(const std::string& column) const {
    std::vector<Json> found;
    for (const Json& record : records_)
      if (const auto value = record.find(column); value != record.end() && (value->is_string() || value->is_number())) found.push_back(*value);
    return found;
  }

  bool is_key(const std::string& column) const {
    const std::vector<Json> all = values(column);
    std::set<std::string> different;
    for (const Json& value : all) different.insert(value.dump());
    return !all.empty() && all.size() == records_.size() && different.size() == all.size();
  }

  void find_key() {
    for (const std::string_view name : {"id", "uuid", "guid", "key", "code", "_id"})
      if (key_.empty() && is_key(std::string(name))) key_ = name;
    for (const auto& [column, value] : records_.front().items())
      if (key_.empty() && (column.ends_with("_id") || column.ends_with("Id")) && is_key(column)) key_ = column;
    note(key_.empty() ? "no column that names a record: without a key the table is exchanged when it changes" : fmt::format("`{}` names a record", key_));
  }

  // The records of another page; nothing when it has none or is refused.
  std::optional<Json> records_at(const std::string& url) {
    try {
      const Json body = Json::parse(ask(url).body, nullptr, false);
      if (body.is_discarded()) return std::nullopt;
      if (selector_.empty()) return body;
      const Json::json_pointer place("/" + fmt::format("{}", fmt::join(text::split(selector_, '.'), "/")));
      return body.contains(place) ? std::optional(body.at(place)) : std::nullopt;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Data) throw;
      return std::nullopt;
    }
  }

  // Whether the address gives other records.
  bool leads_on(const std::string& url) {
    const auto other = records_at(url);
    return other && other->is_array() && *other != records_;
  }

  void find_pages(const HttpReply& reply) {
    find_size();
    if (!next_link(reply.header("link")).empty()) return set_pages("header_link", {}, "the header `Link` leads on");
    for (const Place& place : places_)
      if (text::lower(place.key).find("next") != std::string::npos && place.value->is_string() &&
          place.value->get<std::string>().find_first_of("/?") != std::string::npos)
        return set_pages("json_link", {"at: " + place.path}, fmt::format("`{}` holds the next page's URL", place.path));
    if (find_cursor_pages() || find_counted_pages()) return;
    note("no pagination was found: it may be that all fits into one page");
  }

  // What asks for a page's size: what the query has, or what the body repeats.
  void find_size() {
    const auto count = static_cast<std::int64_t>(records_.size());
    for (const std::string_view name : kSizeNames) {
      const auto asked = params_.find(name);
      const bool is_told = std::ranges::any_of(places_, [&](const Place& place) { return place.key == name && *place.value == Json(count); });
      if (asked == params_.end() && !is_told) continue;
      size_param_ = name;
      size_ = asked == params_.end() ? count : std::max<std::int64_t>(1, std::atoll(asked->second.c_str()));
      return;
    }
    // What isn't told may be heeded all the same.
    if (count < 2) return;
    for (const std::string_view name : {"limit", "per_page"}) {
      const auto fewer = records_at(with_parameter(url_, name, "1"));
      if (!fewer || !fewer->is_array() || fewer->size() != 1) continue;
      size_param_ = name;
      size_ = count;
      return;
    }
  }

  bool find_cursor_pages() {
    for (const Place& place : places_) {
      const std::string key = text::lower(place.key);
      const bool is_named = key.find("cursor") != std::string::npos || key.find("next") != std::string::npos || key.find("token") != std::string::npos;
      if (!is_named || !(place.value->is_string() || place.value->is_number()) || text_of(*place.value).empty()) continue;
      std::vector<std::string> names = {"cursor", "page_token", "after", "next", place.key};
      if (place.key.starts_with("next_")) names.insert(names.begin(), place.key.substr(5));
      for (const std::string& name : names)
        if (leads_on(with_parameter(url_, name, text_of(*place.value)))) {
          set_pages("cursor", {"at: " + place.path, "param: " + name}, fmt::format("`{}` holds what `{}` goes on by", place.path, name));
          return true;
        }
    }
    return false;
  }

  bool find_counted_pages() {
    std::string total;
    for (const Place& place : places_)
      if (total.empty() && is_one_of(place.key, kTotalNames) && place.value->is_number_integer() &&
          place.value->get<std::int64_t>() >= static_cast<std::int64_t>(records_.size()))
        total = place.path;
    const std::vector<std::string> with_total = total.empty() || size_ == 0 ? std::vector<std::string>{} : std::vector<std::string>{"total: " + total};
    const bool has_offset = std::ranges::any_of(places_, [](const Place& place) { return place.key == "offset"; });
    if (!has_offset && leads_on(with_parameter(url_, "page", "2"))) {
      set_pages("page_number", with_total, "`page` counts pages");
      return true;
    }
    if (size_ > 0 && leads_on(with_parameter(url_, "offset", std::to_string(size_)))) {
      set_pages("offset", with_total, "`offset` leaves records out");
      return true;
    }
    if (key_.empty() || size_ == 0 || !leads_on(with_parameter(url_, "after_id", text_of(records_.back().at(key_))))) return false;
    set_pages("keyset", {"at: " + key_}, fmt::format("`after_id` goes on behind a `{}`", key_));
    return true;
  }

  void set_pages(const std::string& by, const std::vector<std::string>& more, const std::string& said) {
    std::vector<std::string> parts = {"by: " + by};
    parts.insert(parts.end(), more.begin(), more.end());
    if (size_ > 0) parts.push_back(fmt::format("size: {}", size_));
    if (size_ > 0) parts.push_back("size_param: " + size_param_);
    pages_ = fmt::format("{{{}}}", fmt::join(parts, ", "));
    for (const std::string_view name : {"page", "offset", "cursor", "after_id"}) params_.erase(std::string(name));
    if (size_ > 0) params_.erase(size_param_);
    note(said);
  }

  // A parameter is heeded when nothing is newer than the far future.
  void find_cursor() {
    for (const std::string_view name : kTimeNames)
      if (cursor_.empty() && values(std::string(name)).size() == records_.size()) cursor_ = name;
    if (cursor_.empty()) return;
    for (const std::string_view name : kSinceNames) {
      const auto newer = records_at(with_parameter(url_, name, "2999-01-01T00:00:00Z"));
      if (!newer || !newer->is_array() || !newer->empty()) continue;
      since_ = name;
      return note(fmt::format("`{}` says when a record changed, and `{}` asks for what is newer", cursor_, name));
    }
    note(fmt::format("`{}` says when a record changed; which parameter asks for what is newer was not found", cursor_));
  }

  void note(std::string text) { draft_.notes.push_back(std::move(text)); }

  void write() {
    std::string path = bare_.substr(std::min(bare_.size(), connection_.location.size()));
    while (path.starts_with('/')) path.erase(0, 1);
    std::string& yaml = draft_.yaml;
    yaml = fmt::format("source: {}\nfrom: {}\ntables:\n  {}:\n", draft_.name, connection_.name, draft_.name);
    const bool is_incremental = !since_.empty();
    yaml += is_incremental ? fmt::format("    load: incremental\n    cursor: {}\n", cursor_) : "    load: full\n";
    if (!key_.empty()) yaml += fmt::format("    key: {}\n", key_);
    yaml += fmt::format("    request:\n      path: {}\n", Json(path).dump());
    if (!selector_.empty()) yaml += fmt::format("      records: {}\n", selector_);
    if (!params_.empty() || is_incremental) yaml += "      params:\n";
    for (const auto& [name, value] : params_) yaml += fmt::format("        {}: {}\n", Json(name).dump(), Json(value).dump());
    if (is_incremental) yaml += fmt::format("        {}: $since\n      start: \"1970-01-01T00:00:00Z\"\n", since_);
    if (!pages_.empty()) yaml += fmt::format("      pagination: {}\n", pages_);
  }

  const Connection& connection_;
  HttpApi api_;
  HttpCaller caller_;
  const std::string url_;
  std::string bare_;
  std::map<std::string, std::string, std::less<>> params_;
  Json body_, records_ = Json::array();
  std::vector<Place> places_;
  std::string selector_, key_, pages_, size_param_, cursor_, since_;
  std::int64_t size_ = 0;
  HttpDraft draft_;
};

}  // namespace

HttpDraft probe_http(const Connection& connection, const std::string& url, Log& log) { return Probe(connection, url, log).run(); }

std::string probe_base(const std::string& url) {
  std::string bare = url.substr(0, url.find('?'));
  while (bare.ends_with('/')) bare.pop_back();
  const auto slash = bare.rfind('/');
  return slash == std::string::npos || slash < bare.find("://") + 3 ? bare : bare.substr(0, slash);
}

}  // namespace lochan
