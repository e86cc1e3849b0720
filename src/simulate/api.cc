#include "simulate/api.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace lochan {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::array<std::string_view, 7> kStyles = {"list", "link", "next", "cursor", "offset", "page", "keyset"};
constexpr std::array<std::string_view, 6> kAuths = {"none", "bearer", "basic", "key", "key_query", "oauth2"};

std::string http_date(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::int64_t number(const std::string& text, std::int64_t otherwise) {
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

HttpResponse told(int status, const std::string& message) {
  HttpResponse response;
  response.status = status;
  response.body = Json{{"error", message}}.dump();
  return response;
}

// What a request says, in its query or in its JSON body.
class Asking {
 public:
  explicit Asking(const HttpRequest& request) : query_(parse_query(request.query)) {
    if (!request.body.empty()) body_ = Json::parse(request.body, nullptr, false);
  }
  std::string text(const std::string& name) const {
    if (const auto found = query_.find(name); found != query_.end()) return found->second;
    if (!body_.is_object() || !body_.contains(name)) return "";
    const Json& value = body_.at(name);
    return value.is_string() ? value.get<std::string>() : value.dump();
  }

 private:
  std::map<std::string, std::string, std::less<>> query_;
  Json body_;
};

// The address of another page: the query, with one parameter changed.
std::string page_url(const HttpRequest& request, const std::string& name, const std::string& value) {
  auto query = parse_query(request.query);
  query[name] = value;
  std::string text;
  for (const auto& [key, of] : query) text += fmt::format("{}{}={}", text.empty() ? "?" : "&", key, of);
  return fmt::format("http://{}{}{}", request.header("host"), request.path, text);
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t j = 0; j < 3; ++j) three = three << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : kLetters[three >> (18 - 6 * j) & 63];
  }
  return text;
}

}  // namespace

void check_api_config(const ApiConfig& config) {
  const auto require = [](bool holds, const std::string& what, const std::string& hint) {
    if (!holds) throw Error(ErrorKind::Usage, what).hint(hint);
  };
  require(std::ranges::find(kStyles, config.pagination) != kStyles.end(), fmt::format("no pagination `{}`", config.pagination),
          "list, link, next, cursor, offset, page or keyset");
  require(std::ranges::find(kAuths, config.auth) != kAuths.end(), fmt::format("no sign-in `{}`", config.auth), "none, bearer, basic, key, key_query or oauth2");
  require(config.users > 0 && config.orders >= 0, "an API needs a user", "give `--users 1` or more");
  require(config.order_interval.count() > 0, "orders come one after the other", "such as `--order-every 60`");
  require(config.page_size > 0 && config.page_size <= config.max_page_size, "a page has from 1 to 1000 records", "such as `--page-size 100`");
  require(config.every_429 != 1 && config.every_500 != 1, "an API that never answers", "such as `--every-429 20`");
}

ApiSimulation::ApiSimulation(ApiConfig config) : config_(std::move(config)), data_(config_), token_(config_.secret) {}

void ApiSimulation::tick() {
  const std::lock_guard lock(mutex_);
  data_.tick();
}

Json ApiSimulation::counts() const {
  const std::lock_guard lock(mutex_);
  std::int64_t repeated = 0;
  for (const auto& [what, asked] : asked_) repeated += std::max<std::int64_t>(0, asked.good - 1);
  return {{"requests", requests_}, {"paths", paths_},  {"statuses", statuses_}, {"before_retry_after", early_}, {"while_held_back", while_held_},
          {"given_again", repeated}, {"tokens", tokens_}, {"orders", data_.orders()}, {"users", data_.users()}};
}

HttpResponse ApiSimulation::answer(const HttpRequest& request) {
  if (request.path.starts_with("/_")) return answer_own(request);
  if (config_.delay.count() > 0) std::this_thread::sleep_for(config_.delay);
  const std::lock_guard lock(mutex_);
  if (request.path == "/token") return give_token(request);
  ++requests_;
  ++paths_[request.path];
  Asked& asked = asked_[fmt::format("{} {}?{} {}", request.method, request.path, request.query, request.body)];
  const auto now = Steady::now();
  if (now < asked.not_before) ++early_;
  if (now < held_until_) ++while_held_;
  ++asked.calls;
  HttpResponse response;
  if (auto failure = fail(asked))
    response = std::move(*failure);
  else if (auto refusal = refuse(request))
    response = std::move(*refusal);
  else
    response = data(request);
  if (response.status == 200 && response.withheld_bytes == 0) ++asked.good;
  ++statuses_[std::to_string(response.status)];
  response.headers["Date"] = http_date(std::chrono::system_clock::now());
  return response;
}

HttpResponse ApiSimulation::answer_own(const HttpRequest& request) {
  if (request.path == "/_counts") {
    HttpResponse response;
    response.body = counts().dump(2);
    return response;
  }
  if (request.path == "/_tick" && request.method == "POST") {
    tick();
    return answer_own({"GET", "/_counts", "", {}, ""});
  }
  return told(404, "there are GET /_counts and POST /_tick");
}

HttpResponse ApiSimulation::hold_back(Asked& asked) {
  HttpResponse response = told(429, "too many requests");
  const auto now = Steady::now();
  auto wait = std::chrono::duration_cast<Steady::duration>(config_.retry_after);
  response.headers["Retry-After"] = std::to_string(config_.retry_after.count());
  if (config_.retry_date) {
    const auto until = std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now() + config_.retry_after);
    wait = until - std::chrono::system_clock::now();
    response.headers["Retry-After"] = http_date(until);
  }
  asked.not_before = now + wait;
  held_until_ = std::max(held_until_, asked.not_before);
  return response;
}

std::optional<HttpResponse> ApiSimulation::fail(Asked& asked) {
  const auto is_due = [&](std::int64_t every) { return every > 0 && requests_ % every == 0; };
  const auto now = Steady::now();
  if (config_.rate > 0) {
    if (now - rate_began_ >= config_.rate_per) {
      rate_began_ = now;
      rate_calls_ = 0;
    }
    if (++rate_calls_ > config_.rate) return hold_back(asked);
  }
  if (is_due(config_.every_429)) return hold_back(asked);
  if (is_due(config_.every_500)) return told(500, "something broke");
  if (!is_due(config_.every_html)) return std::nullopt;
  HttpResponse page;
  page.content_type = "text/html";
  page.body = "<!doctype html><html><head><title>Down for maintenance</title></head><body>Back soon</body></html>";
  return page;
}

HttpResponse ApiSimulation::give_token(const HttpRequest& request) {
  const Asking asking(request);
  const auto form = parse_query(request.body);
  const auto id = form.find("client_id"), secret = form.find("client_secret");
  const bool is_basic = request.header("authorization") == "Basic " + base64(config_.user + ":" + config_.secret);
  const bool is_form = id != form.end() && secret != form.end() && id->second == config_.user && secret->second == config_.secret;
  if (config_.auth != "oauth2" || (!is_basic && !is_form)) return told(401, "invalid_client");
  token_ = fmt::format("token-{}-{}", config_.seed, ++tokens_);
  token_calls_ = 0;
  HttpResponse response;
  response.body = Json{{"access_token", token_}, {"token_type", "Bearer"}, {"expires_in", 3600}}.dump();
  return response;
}

std::optional<HttpResponse> ApiSimulation::refuse(const HttpRequest& request) {
  const std::string_view sent = request.header("authorization");
  const auto query = parse_query(request.query);
  const auto key = query.find("api_key");
  bool is_let_in = config_.auth == "none";
  if (config_.auth == "bearer" || config_.auth == "oauth2") is_let_in = sent == "Bearer " + token_ && (config_.auth == "bearer" || tokens_ > 0);
  if (config_.auth == "basic") is_let_in = sent == "Basic " + base64(config_.user + ":" + config_.secret);
  if (config_.auth == "key") is_let_in = request.header("x-api-key") == config_.secret;
  if (config_.auth == "key_query") is_let_in = key != query.end() && key->second == config_.secret;
  const bool has_token = config_.auth == "bearer" || config_.auth == "oauth2";
  if (is_let_in && has_token && config_.token_calls > 0 && ++token_calls_ > config_.token_calls) return told(401, "the token has expired");
  if (is_let_in) return std::nullopt;
  return told(401, "not signed in");
}

HttpResponse ApiSimulation::data(const HttpRequest& request) {
  std::vector<std::string> parts;
  for (std::string& part : text::split(request.path, '/'))
    if (!part.empty()) parts.push_back(std::move(part));
  std::string style = config_.pagination;
  if (!parts.empty() && std::ranges::find(kStyles, parts.front()) != kStyles.end()) {
    style = parts.front();
    parts.erase(parts.begin());
  }
  const Asking asking(request);
  const std::string since = asking.text("updated_since");
  HttpResponse response = told(404, "there are /users, /orders, /users/{id} and /users/{id}/orders, and each under /page, /cursor and so on");
  if (parts.size() == 1 && parts[0] == "users") response = page(request, style, "user", data_.user_ids(since));
  if (parts.size() == 1 && parts[0] == "orders") response = page(request, style, "order", data_.order_ids(since, 0));
  if (parts.size() < 2 || parts[0] != "users") return response;
  const std::int64_t user = number(parts[1], 0);
  if (user < 1 || user > data_.users()) return told(404, "no such user");
  if (parts.size() == 2) response.status = 200, response.body = data_.user(user);
  if (parts.size() == 3 && parts[2] == "orders") response = page(request, style, "order", data_.order_ids(since, user));
  return response;
}

HttpResponse ApiSimulation::page(const HttpRequest& request, const std::string& style, const std::string& kind, const std::vector<std::int64_t>& ids) {
  const Asking asking(request);
  const auto all = static_cast<std::int64_t>(ids.size());
  std::int64_t size = std::clamp<std::int64_t>(number(asking.text("limit"), config_.page_size), 1, config_.max_page_size);
  std::int64_t begin = 0;
  if (style == "list") size = all;
  if (style == "offset") begin = std::max<std::int64_t>(0, number(asking.text("offset"), 0));
  if (style == "page" || style == "link" || style == "next") begin = (std::max<std::int64_t>(1, number(asking.text("page"), 1)) - 1) * size;
  const std::string after = asking.text(style == "cursor" ? "cursor" : "after_id");
  if ((style == "cursor" || style == "keyset") && !after.empty())
    begin = std::ranges::upper_bound(ids, number(style == "cursor" ? after.substr(1) : after, 0)) - ids.begin();
  begin = std::min(begin, all);
  const std::int64_t end = std::min(all, begin + size);
  std::string records;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t id = ids[static_cast<std::size_t>(i)];
    records += (i > begin ? "," : "") + (kind == "user" ? data_.user(id) : data_.order(id));
  }
  const std::string following = std::to_string(begin / std::max<std::int64_t>(1, size) + 2);
  HttpResponse response;
  const std::string next = end < all ? page_url(request, "page", following) : "";
  if (style == "list" || style == "link") response.body = fmt::format("[{}]", records);
  if (style == "link" && !next.empty()) response.headers["Link"] = fmt::format("<{}>; rel=\"next\", <{}>; rel=\"first\"", next, page_url(request, "page", "1"));
  if (style == "next") response.body = fmt::format(R"({{"data":[{}],"next":{}}})", records, next.empty() ? "null" : Json(next).dump());
  if (style == "cursor")
    response.body = fmt::format(R"({{"data":[{}],"meta":{{"next_cursor":{}}}}})", records, end < all ? fmt::format("\"c{}\"", ids[static_cast<std::size_t>(end - 1)]) : "null");
  if (style == "offset") response.body = fmt::format(R"({{"items":[{}],"total":{},"offset":{},"limit":{}}})", records, all, begin, size);
  if (style == "page")
    response.body = fmt::format(R"({{"data":[{}],"meta":{{"page":{},"total":{}}}}})", records, begin / std::max<std::int64_t>(1, size) + 1, all);
  if (style == "keyset") response.body = fmt::format(R"({{"count":{},"entities":[{}]}})", all, records);
  if (config_.every_cut > 0 && requests_ % config_.every_cut == 0) response.withheld_bytes = response.body.size() / 2;
  if (config_.every_broken > 0 && requests_ % config_.every_broken == 0) response.body.resize(response.body.size() / 2);
  return response;
}

void simulate_api(const ApiConfig& config, Log& log, const std::stop_token& stop) {
  check_api_config(config);
  ApiSimulation simulation(config);
  {
    const HttpServer server({.address = config.address, .port = config.port, .threads = 4},
                            [&](const HttpRequest& request) { return simulation.answer(request); }, log);
    log.write(LogLevel::Info, fmt::format("an API of {} users and {} orders at http://{}:{}: /users, /orders, /users/1/orders, /_counts", config.users,
                                          config.orders, config.address, server.port()));
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (config.tick_interval.count() == 0)
        changed.wait(lock, stop, [] { return false; });
      else if (!changed.wait_for(lock, stop, config.tick_interval, [] { return false; }) && !stop.stop_requested())
        simulation.tick();
    }
  }
  log.write(LogLevel::Info, fmt::format("it was asked: {}", simulation.counts().dump()));
}

}  // namespace lochan
