#include "source/http_extraction.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "source/http_address.h"
#include "source/http_page.h"

namespace lochan {
namespace {

std::string replace_all(std::string text, std::string_view what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

std::string param_of(const HttpPagination& pages) {
  if (!pages.param.empty()) return pages.param;
  switch (pages.by) {
    case HttpPaging::Cursor:
      return "cursor";
    case HttpPaging::Offset:
      return "offset";
    case HttpPaging::PageNumber:
      return "page";
    case HttpPaging::Keyset:
      return "after_id";
    case HttpPaging::None:
    case HttpPaging::HeaderLink:
    case HttpPaging::JsonLink:
      return "";
  }
  return "";
}

// What the parameter of a page is; nothing: it is left out.
std::optional<Json> param_value(const HttpPagination& pages, int page, const std::string& next) {
  if (pages.by == HttpPaging::Offset) return Json(static_cast<std::int64_t>(page - 1) * pages.size);
  if (pages.by == HttpPaging::PageNumber) return Json(pages.first + page - 1);
  if (next.empty()) return std::nullopt;
  return Json(next);
}

// What stands for a column of the parent's record, and for how far the cursor has come, put in.
struct Values {
  const std::string& since;
  const ParentRecord* parent;  // of none: nullptr

  std::string into(std::string text, bool encodes = false) const {
    const auto written = [&](const std::string& value) { return encodes ? percent_encode(value) : value; };
    text = replace_all(std::move(text), "$since", written(since));
    if (parent != nullptr)
      for (const auto& [name, value] : *parent) text = replace_all(std::move(text), "{" + name + "}", written(value));
    return text;
  }
  Json into(const Json& json) const {
    if (json.is_string()) return into(json.get<std::string>());
    if (!json.is_structured()) return json;
    Json copy = json;
    for (Json& part : copy) part = into(part);
    return copy;
  }
};

bool is_link(HttpPaging by) { return by == HttpPaging::HeaderLink || by == HttpPaging::JsonLink; }

// One run of a resource's pages, or one for each of the parent's records.
class Extraction {
 public:
  Extraction(HttpApi& api, const HttpExtract& extract, LandedExtraction& landed)
      : api_(api),
        extract_(extract),
        resource_(*extract.table.request),
        pages_(resource_.pagination),
        landed_(landed) {}

  void run() {
    go_on();
    if (open_ == 0) return;
    const auto most = static_cast<std::size_t>(std::max(1, api_.settings().concurrency));
    const std::size_t threads = is_by_total() ? most : std::min(most, open_);  // one page after the other needs one
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 1; i < threads; ++i) workers.emplace_back([this] { work(); });
      work();
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  struct Task {
    int sequence = 0;
    int page = 1;
    std::string next;
  };
  /// What was met of a sequence.
  struct Met {
    std::map<std::string, int> signatures;  // of records → the page
    std::set<std::string> nexts;
    int asked_up_to = 1;  // by number, where the total is known
  };

  bool is_by_total() const { return !pages_.total->empty(); }
  int pages_of(std::int64_t total) const {
    return static_cast<int>(std::max<std::int64_t>(1, (total + pages_.size - 1) / pages_.size));
  }

  // What is landed already is not asked for; each sequence goes on behind it.
  void go_on() {
    std::map<int, std::map<int, LandedResponse>> there;
    for (const LandedResponse& response : landed_.responses()) {
      there[response.sequence].emplace(response.page, response);
      note(response.sequence, response.page, response.signature, response.next);
    }
    const int first = is_asked_for_each(resource_) ? 1 : 0;
    const int last = is_asked_for_each(resource_) ? static_cast<int>(extract_.parents.size()) : 0;
    for (int sequence = first; sequence <= last; ++sequence) {
      const auto found = there.find(sequence);
      if (found == there.end() || !found->second.contains(1))
        push({sequence, 1, ""});
      else if (is_by_total())
        push_missing(sequence, found->second);
      else if (const LandedResponse& end = found->second.rbegin()->second; !end.ends)
        push({sequence, end.page + 1, end.next});
    }
  }

  void push_missing(int sequence, const std::map<int, LandedResponse>& there) {
    std::int64_t total = 0;
    for (const auto& [page, response] : there) total = std::max(total, response.total);
    met_[sequence].asked_up_to = pages_of(total);
    for (int page = 1; page <= pages_of(total); ++page)
      if (!there.contains(page)) push({sequence, page, ""});
  }

  // The caller holds mutex_, once workers run.
  void push(Task task) {
    tasks_.push_back(std::move(task));
    ++open_;
  }

  // A page that gives what an earlier one gave leads round in a circle.
  void note(int sequence, int page, const std::string& signature, const std::string& next) {
    Met& met = met_[sequence];
    const std::string again = "the API goes round in a circle: look at `pagination`";
    if (!signature.empty() && pages_.by != HttpPaging::None) {
      const auto [found, is_new] = met.signatures.try_emplace(signature, page);
      if (!is_new)
        throw Error(
            ErrorKind::Data,
            fmt::format("connection `{}`: page {} of `{}` has the same records as page {}{}", api_.connection().name,
                        page, extract_.table.name, found->second,
                        param_of(pages_).empty() ? "" : fmt::format(": the API may not heed `{}`", param_of(pages_))))
            .at(pages_.position)
            .hint(again);
    }
    if (!next.empty() && !met.nexts.insert(next).second)
      throw Error(ErrorKind::Data,
                  fmt::format("connection `{}`: page {} of `{}` leads on to `{}`, as an earlier one did",
                              api_.connection().name, page, extract_.table.name, api_.shown(next)))
          .at(pages_.position)
          .hint(again);
  }

  void work() noexcept {
    try {
      HttpCaller caller(api_);
      HttpPageReader reader;
      for (std::optional<Task> task; (task = take());) {
        do_task(*task, caller, reader);
        const std::lock_guard lock(mutex_);
        if (--open_ == 0) changed_.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  // Waits while others may still find more to do.
  std::optional<Task> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return failure_ || open_ == 0 || !tasks_.empty(); });
    if (failure_ || tasks_.empty()) return std::nullopt;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  const ParentRecord* parent_of(int sequence) const {
    return sequence == 0 ? nullptr : &extract_.parents.at(static_cast<std::size_t>(sequence - 1));
  }

  void do_task(const Task& task, HttpCaller& caller, HttpPageReader& reader) {
    const HttpAsk ask =
        ask_for_page(api_.connection(), extract_.table, extract_.since, parent_of(task.sequence), task.page, task.next);
    const auto refuse = [&](const std::string& url, const HttpReply& reply) {
      landed_.add_refused(task.sequence, task.page, url, reply.status, reply.body);
    };
    for (int tries = 1;; ++tries) {
      const HttpReply reply = caller.call(ask, refuse);
      HttpPage page;
      try {
        page = reader.read(reply.body, resource_, extract_.table.cursor ? **extract_.table.cursor : "");
      } catch (const Error& error) {
        const bool may_come_whole = error.kind() == ErrorKind::Unavailable;
        if (may_come_whole && caller.may_try_again(tries)) continue;
        refuse(api_.shown(ask.url), reply);
        throw Error(error.kind(),
                    fmt::format("connection `{}`: {}: {}", api_.connection().name, ask.what, error.message()))
            .at(error.position())
            .hint(error.hint());
      }
      return land(task, ask, reply, page);
    }
  }

  void land(const Task& task, const HttpAsk& ask, const HttpReply& reply, const HttpPage& page) {
    LandedResponse response;
    response.sequence = task.sequence;
    response.page = task.page;
    response.url = api_.shown(ask.url);
    response.method = ask.method;
    response.status = reply.status;
    response.records = page.records;
    response.is_list = page.is_list;
    response.total = page.total;
    response.signature = page.signature;
    response.reached = page.reached;
    response.next = next_of(ask, reply, page);
    response.ends = !has_next(page, response.next);
    if (response.ends) response.next.clear();
    if (const ParentRecord* parent = parent_of(task.sequence))
      for (const auto& [column, from] : resource_.from_parent)
        if (const auto value = parent->find(from); value != parent->end()) response.from_parent[column] = value->second;
    {
      const std::lock_guard lock(mutex_);
      note(task.sequence, task.page, page.signature, response.next);
    }
    landed_.add(response, reply.body);
    api_.log().write(LogLevel::Debug,
                     fmt::format("{}: {}: {}", api_.connection().name, ask.what, text::plural(page.records, "record")));
    const std::lock_guard lock(mutex_);
    push_following(task, response);
    changed_.notify_all();
  }

  std::string next_of(const HttpAsk& ask, const HttpReply& reply, const HttpPage& page) const {
    std::string next = pages_.by == HttpPaging::HeaderLink ? next_link(reply.header("link")) : page.next;
    if (!next.empty() && is_link(pages_.by)) next = api_.shown(resolve_url(ask.url, next));
    return next;
  }

  bool has_next(const HttpPage& page, const std::string& next) const {
    const bool is_full = page.records > 0 && (pages_.size == 0 || page.records >= pages_.size);
    switch (pages_.by) {
      case HttpPaging::None:
        return false;
      case HttpPaging::HeaderLink:
      case HttpPaging::JsonLink:
      case HttpPaging::Cursor:
        return !next.empty();
      case HttpPaging::Keyset:
        return is_full && !next.empty();
      case HttpPaging::Offset:
      case HttpPaging::PageNumber:
        return is_full;
    }
    return false;
  }

  void push_following(const Task& task, const LandedResponse& response) {
    if (!is_by_total()) {
      if (!response.ends) push({task.sequence, task.page + 1, response.next});
      return;
    }
    int& asked = met_[task.sequence].asked_up_to;
    for (; asked < pages_of(response.total); ++asked) push({task.sequence, asked + 1, ""});
  }

  HttpApi& api_;
  const HttpExtract& extract_;
  const HttpResource& resource_;
  const HttpPagination& pages_;
  LandedExtraction& landed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;      // guarded by mutex_
  std::size_t open_ = 0;        // tasks that wait or are worked on; guarded by mutex_
  std::map<int, Met> met_;      // by sequence; guarded by mutex_
  std::exception_ptr failure_;  // the first; guarded by mutex_
};

}  // namespace

std::vector<std::string> parent_columns(const HttpResource& resource) {
  const std::vector<std::string> named = names_in_braces(resource);
  std::set<std::string> names(named.begin(), named.end());
  for (const auto& [column, from] : resource.from_parent) names.insert(from);
  return {names.begin(), names.end()};
}

HttpAsk ask_for_page(const Connection& connection, const SourceTable& table, const std::string& since,
                     const ParentRecord* parent, int page, const std::string& next) {
  const HttpResource& resource = *table.request;
  const HttpPagination& pages = resource.pagination;
  HttpAsk ask;
  ask.method = resource.method;
  ask.headers = resource.headers;
  ask.what = page == 1 && pages.by == HttpPaging::None ? fmt::format("`{}`", table.name)
                                                       : fmt::format("page {} of `{}`", page, table.name);
  const Values values{since, parent};
  ask.url = join_url(connection.location, values.into(*resource.path, true));
  Json body = resource.body->empty() ? Json() : values.into(Json::parse(*resource.body));
  const auto put = [&](const std::string& name, const Json& value) {
    if (pages.in_body)
      body[name] = value;
    else
      ask.url = with_parameter(ask.url, name, value.is_string() ? value.get<std::string>() : value.dump());
  };
  if (is_link(pages.by) && !next.empty()) {
    ask.url = next;
  } else {
    for (const auto& [name, value] : resource.params) ask.url = with_parameter(ask.url, name, values.into(value));
    if (!pages.size_param.empty()) put(pages.size_param, pages.size);
    if (const auto value = is_link(pages.by) ? std::nullopt : param_value(pages, page, next))
      put(param_of(pages), *value);
  }
  if (!body.is_null()) ask.body = body.dump();
  return ask;
}

void extract_pages(HttpApi& api, const HttpExtract& extract, LandedExtraction& landed) {
  Extraction(api, extract, landed).run();
}

}  // namespace lochan
