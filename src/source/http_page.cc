#include "source/http_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "source/web_links.h"

namespace lochan {
namespace {

namespace dom = simdjson::dom;

std::string describe(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::ARRAY:
      return "a list";
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::STRING:
      return "a text";
    case dom::element_type::BOOL:
      return "true or false";
    case dom::element_type::NULL_VALUE:
      return "null";
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return "a number";
  }
  return "";
}

std::vector<std::string> keys_of(const dom::element& element) {
  std::vector<std::string> keys;
  if (element.is_object())
    for (const auto field : dom::object(element)) keys.emplace_back(field.key);
  return keys;
}

std::string keys_text(const dom::element& element) {
  const std::vector<std::string> keys = keys_of(element);
  if (!element.is_object()) return fmt::format("is {}", describe(element));
  if (keys.empty()) return "has no keys";
  std::vector<std::string> quoted;
  for (std::size_t i = 0; i < keys.size() && i < 20; ++i) quoted.push_back(fmt::format("`{}`", keys[i]));
  return fmt::format("has the keys {}{}", fmt::join(quoted, ", "), keys.size() > 20 ? ", …" : "");
}

// A scalar as it is written; nothing for null, lists and objects.
std::optional<std::string> text_of(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::STRING:
      return std::string(std::string_view(element));
    case dom::element_type::BOOL:
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return simdjson::minify(element);
    case dom::element_type::NULL_VALUE:
    case dom::element_type::ARRAY:
    case dom::element_type::OBJECT:
      return std::nullopt;
  }
  return std::nullopt;
}

// Where a path of keys leads; nothing when it ends on the way.
std::optional<dom::element> find(dom::element from, const std::string& path) {
  if (path.empty()) return from;
  for (const std::string& key : text::split(path, '.')) {
    dom::element next;
    if (!from.is_object() || dom::object(from).at_key(key).get(next) != simdjson::SUCCESS) return std::nullopt;
    from = next;
  }
  return from;
}

bool is_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

double number_of(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (at + count > text.size()) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + count, value);
  if (error != std::errc{} || end != text.data() + at + count) return std::nullopt;
  return value;
}

// ISO 8601: a day, or a time with seconds and perhaps a fraction and an offset; without one it is in UTC.
std::optional<Instant> time_of(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  Instant instant = std::chrono::sys_days{date};
  if (text.size() == 10) return instant;
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2);
  if (!hour || !minute || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  instant += std::chrono::hours{*hour} + std::chrono::minutes{*minute};
  std::size_t at = 16;
  if (const auto second = digits(text, 17, 2); second && text[16] == ':') {
    instant += std::chrono::seconds{*second};
    at = 19;
  }
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      instant += std::chrono::microseconds{unit * (text[at] - '0')};
  }
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const auto hours = digits(text, at + 1, 2);
    const auto minutes = digits(text, at + (text.size() > at + 3 && text[at + 3] == ':' ? 4 : 3), 2);
    const auto offset = std::chrono::hours{hours.value_or(0)} + std::chrono::minutes{minutes.value_or(0)};
    instant += text[at] == '+' ? -offset : offset;
  }
  return instant;
}

}  // namespace

const std::string& later_value(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  if (is_number(a) && is_number(b)) return number_of(b) > number_of(a) ? b : a;
  const auto first = time_of(a), second = time_of(b);
  if (first && second) return *second > *first ? b : a;
  return b > a ? b : a;
}

std::string earlier_value(const std::string& value, std::chrono::seconds by) {
  if (by.count() == 0) return value;
  if (is_number(value)) {
    const double number = number_of(value);
    const auto seconds = static_cast<double>(by.count());
    return fmt::format("{}", static_cast<std::int64_t>(number > 1e11 ? number - seconds * 1000 : number - seconds));
  }
  const auto time = time_of(value);
  if (!time) return value;
  const std::string text = to_iso8601(*time - by);
  return value.size() == 10 ? text.substr(0, 10) : text;
}

class HttpPageReader::Impl {
 public:
  HttpPage read(std::string_view body, const HttpResource& resource, const std::string& cursor) {
    const dom::element root = parse(body);
    HttpPage page;
    read_records(root, resource, cursor, page);
    const HttpPagination& pages = resource.pagination;
    if (pages.by == HttpPaging::JsonLink || pages.by == HttpPaging::Cursor) page.next = next_of(root, *pages.at);
    if (!pages.total->empty()) page.total = total_of(root, *pages.total);
    return page;
  }

  void each_record(std::string_view body, const HttpResource& resource, const std::vector<std::string>& columns,
                   const std::function<void(const Values&)>& found) {
    const auto place = find(parse(body), *resource.records);
    if (!place) return;
    const auto take = [&](const dom::element& record) {
      Values values;
      for (const std::string& column : columns) {
        const auto value = find(record, column);
        values.push_back(value ? text_of(*value) : std::nullopt);
      }
      found(values);
    };
    if (place->is_object()) take(*place);
    if (place->is_array())
      for (const dom::element record : dom::array(*place)) take(record);
  }

 private:
  dom::element parse(std::string_view body) {
    dom::element root;
    const auto error = parser_.parse(body.data(), body.size()).get(root);
    if (error == simdjson::SUCCESS) return root;
    const std::string_view trimmed = text::trim(body);
    if (trimmed.empty()) throw Error(ErrorKind::Unavailable, "it answered with an empty body where JSON was wanted");
    if (trimmed.starts_with('<'))
      throw Error(ErrorKind::Data, fmt::format("it answered with a page of HTML where JSON was wanted{}", told_title(trimmed)))
          .hint("open the URL in a browser: it may be a sign-in or a notice, or the path is not the API's");
    if (error == simdjson::UTF8_ERROR) throw Error(ErrorKind::Data, "it answered with letters that are not UTF-8");
    if (!trimmed.starts_with('{') && !trimmed.starts_with('['))
      throw Error(ErrorKind::Data, fmt::format("it answered with `{}` where JSON was wanted", trimmed.substr(0, 60)));
    const bool is_cut = !trimmed.ends_with('}') && !trimmed.ends_with(']');
    throw Error(ErrorKind::Unavailable,
                fmt::format("it answered with broken JSON, {} of it{}", text::human_bytes(body.size()),
                            is_cut ? fmt::format(": it is cut off after `{}`", trimmed.substr(trimmed.size() - std::min<std::size_t>(30, trimmed.size())))
                                   : fmt::format(": {}", simdjson::error_message(error))));
  }

  // What is wrong on the way to the records, with what stands there.
  [[noreturn]] static void throw_no_records(dom::element from, const HttpResource& resource) {
    std::string walked;
    for (const std::string& key : text::split(*resource.records, '.')) {
      dom::element next;
      if (!from.is_object() || dom::object(from).at_key(key).get(next) != simdjson::SUCCESS)
        throw Error(ErrorKind::Data, fmt::format("no `{}` in the body: {} {}", *resource.records,
                                                 walked.empty() ? "it" : fmt::format("`{}`", walked), keys_text(from)))
            .at(resource.records.position.is_known() ? resource.records.position : resource.position)
            .hint(text::did_you_mean(key, keys_of(from), "`records` names where the list of records stands, such as `data.items`"));
      walked += (walked.empty() ? "" : ".") + key;
      from = next;
    }
    throw Error(ErrorKind::Data, fmt::format("`{}` in the body is {}, wanted a list of records", *resource.records, describe(from)))
        .at(resource.records.position);
  }

  void read_records(const dom::element& root, const HttpResource& resource, const std::string& cursor, HttpPage& page) {
    const auto place = find(root, *resource.records);
    if (!place) throw_no_records(root, resource);
    if (place->is_null()) return;
    const bool is_paged = resource.pagination.by != HttpPaging::None;
    if (place->is_object()) {
      if (is_paged && resource.records->empty())
        throw Error(ErrorKind::Data, fmt::format("the body is one object where a list of records was wanted: it {}", keys_text(*place)))
            .at(resource.position)
            .hint("say where the list stands, such as `records: data`");
      page.is_list = false;
      take(*place, resource, cursor, page);
      page.signature = sha256(simdjson::minify(*place)).substr(0, 16);
      return;
    }
    if (!place->is_array()) throw_no_records(root, resource);
    dom::element first, last;
    for (const dom::element record : dom::array(*place)) {
      if (page.records == 0) first = record;
      last = record;
      take(record, resource, cursor, page);
    }
    if (page.records == 0) return;
    page.signature = sha256(fmt::format("{}|{}|{}", page.records, simdjson::minify(first), simdjson::minify(last))).substr(0, 16);
    if (resource.pagination.by == HttpPaging::Keyset) page.next = next_key(last, resource);
  }

  static void take(const dom::element& record, const HttpResource& resource, const std::string& cursor, HttpPage& page) {
    if (!record.is_object())
      throw Error(ErrorKind::Data, fmt::format("a record is {}, wanted an object", describe(record))).at(resource.records.position);
    ++page.records;
    if (cursor.empty()) return;
    const auto value = find(record, cursor);
    if (const auto text = value ? text_of(*value) : std::nullopt; text) page.reached = later_value(page.reached, *text);
  }

  static std::string next_key(const dom::element& last, const HttpResource& resource) {
    const auto value = find(last, *resource.pagination.at);
    const auto text = value ? text_of(*value) : std::nullopt;
    if (text && !text->empty()) return *text;
    throw Error(ErrorKind::Data, fmt::format("no `{}` in the last record of the page: it {}", *resource.pagination.at, keys_text(last)))
        .at(resource.pagination.at.position)
        .hint(text::did_you_mean(*resource.pagination.at, keys_of(last), "`at` names the column that the API goes on by"));
  }

  static std::string next_of(const dom::element& root, const std::string& path) {
    const auto value = find(root, path);
    if (!value || value->is_null()) return "";
    if (value->is_bool() && !bool(*value)) return "";
    return text_of(*value).value_or("");
  }

  static std::int64_t total_of(const dom::element& root, const std::string& path) {
    const auto value = find(root, path);
    std::int64_t total = -1;
    if (value && value->get(total) == simdjson::SUCCESS) return total;
    throw Error(ErrorKind::Data, fmt::format("no number at `{}` in the body: it {}", path, keys_text(root)))
        .hint("`total` names where the number of all records stands, such as `meta.total`");
  }

  dom::parser parser_;
};

HttpPageReader::HttpPageReader() : impl_(std::make_unique<Impl>()) {}
HttpPageReader::~HttpPageReader() = default;
HttpPageReader::HttpPageReader(HttpPageReader&&) noexcept = default;

HttpPage HttpPageReader::read(std::string_view body, const HttpResource& resource, const std::string& cursor) {
  return impl_->read(body, resource, cursor);
}

void HttpPageReader::each_record(std::string_view body, const HttpResource& resource, const std::vector<std::string>& columns,
                                 const std::function<void(const Values&)>& found) {
  impl_->each_record(body, resource, columns, found);
}

}  // namespace lochan
