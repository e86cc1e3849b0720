#include "source/http_caller.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "source/http_address.h"
#include "source/web_links.h"

namespace lochan {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kRedirects = 5;
constexpr std::size_t kMaxBody = 512u << 20;
constexpr std::chrono::milliseconds kSlice{50};
constexpr std::chrono::seconds kLongestBackoff{60};
constexpr std::chrono::seconds kBeforeExpiry{30};

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string basic(const HttpAuth& auth) { return "Basic " + base64(fmt::format("{}:{}", auth.user, auth.password)); }

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }
bool may_pass(int status) { return status == 429 || (status >= 500 && status != 501 && status != 505); }

std::string snippet(const std::string& body) {
  if (is_page(body)) return " with a page of HTML" + told_title(body);
  std::string line;
  for (const char letter : std::string(text::trim(body)).substr(0, 200)) line += static_cast<unsigned char>(letter) < ' ' ? ' ' : letter;
  return line.empty() ? "" : fmt::format(": {}", line);
}

std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
  const time_t instant = curl_getdate(std::string(text).c_str(), nullptr);
  if (instant < 0) return std::nullopt;
  return std::chrono::sys_seconds{std::chrono::seconds{instant}};
}

std::string all_that_is_asked(const HttpAsk& ask) {
  std::string text = ask.method + " " + ask.url + "\n";
  for (const auto& [name, value] : ask.headers) text += name + ": " + value + "\n";
  return text + "\n" + ask.body;
}

std::string seconds_text(std::chrono::nanoseconds time) { return text::human_seconds(std::chrono::duration<double>(time).count()); }

}  // namespace

std::optional<std::chrono::seconds> retry_after(const HttpReply& reply, std::chrono::sys_seconds now) {
  const std::string_view text = reply.header("retry-after");
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc{} && end == text.data() + text.size()) return std::chrono::seconds{std::max<std::int64_t>(0, seconds)};
  const auto until = http_date(text);
  if (!until) return std::nullopt;
  const auto date = http_date(reply.header("date"));
  return std::max(std::chrono::seconds{0}, *until - date.value_or(now));
}

HttpApi::HttpApi(const Connection& connection, Log& log, std::function<bool()> is_stopped, For purpose)
    : connection_(connection),
      settings_(http_settings(connection)),
      log_(log),
      is_stopped_(std::move(is_stopped)),
      purpose_(purpose) {}

std::optional<HttpReply> HttpApi::kept(const HttpAsk& ask) const {
  if (!settings_.kept) return std::nullopt;
  return purpose_ == For::Look ? settings_.kept->find(all_that_is_asked(ask), Steady::now())
                               : settings_.kept->take(all_that_is_asked(ask), Steady::now());
}

void HttpApi::keep(const HttpAsk& ask, const HttpReply& reply) const {
  if (settings_.kept && purpose_ == For::Look) settings_.kept->keep(all_that_is_asked(ask), reply, Steady::now());
}

LandingTally HttpApi::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

void HttpApi::count(const std::function<void(LandingTally&)>& change) {
  const std::lock_guard lock(mutex_);
  change(tally_);
}

bool HttpApi::was_let_in() const {
  const std::lock_guard lock(mutex_);
  return was_let_in_;
}

void HttpApi::note_let_in() {
  const std::lock_guard lock(mutex_);
  was_let_in_ = true;
}

std::string HttpApi::mask(std::string text) const {
  const HttpAuth& auth = settings_.auth;
  for (const std::string& secret : {auth.token, auth.password, auth.value, percent_encode(auth.value)}) {
    if (secret.size() < 4) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) text.replace(at, secret.size(), "***");
  }
  return text;
}

std::string HttpApi::shown(const std::string& url) const {
  return mask(settings_.auth.in_query ? without_parameter(url, settings_.auth.name) : url);
}

std::string HttpApi::token(HttpClient& client, const std::string& refused) {
  const std::lock_guard lock(token_mutex_);
  const bool is_old = expires_ && Steady::now() >= *expires_;
  if (token_.empty() || is_old || token_ == refused) ask_for_token(client);
  return token_;
}

// As RFC 6749 has it: the client signs itself with Basic; servers that don't take that find it in the body.
void HttpApi::ask_for_token(HttpClient& client) {
  const HttpAuth& auth = settings_.auth;
  std::string form = "grant_type=client_credentials";
  if (!auth.scope.empty()) form += "&scope=" + percent_encode(auth.scope);
  HttpCall call{"POST", auth.token_url, {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}}, form};
  call.headers.emplace_back("Authorization", "Basic " + base64(percent_encode(auth.user) + ":" + percent_encode(auth.password)));
  HttpReply reply = client.send(call);
  if (reply.status == 400 || reply.status == 401) {
    call.headers.pop_back();
    call.body = fmt::format("{}&client_id={}&client_secret={}", form, percent_encode(auth.user), percent_encode(auth.password));
    reply = client.send(call);
  }
  const Json json = Json::parse(reply.body, nullptr, false);
  if (may_pass(reply.status))
    throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: no token: `{}` answered {}", connection_.name, host_of_url(auth.token_url), reply.status));
  if (!reply.succeeded() || !json.is_object() || !json.contains("access_token"))
    throw Error(ErrorKind::Data, fmt::format("connection `{}`: no token: `{}` answered {}{}", connection_.name, host_of_url(auth.token_url),
                                             reply.status, reply.succeeded() ? " without an `access_token`" : mask(snippet(reply.body))))
        .at(connection_.position)
        .hint("look at `client_id`, `client_secret` and `scope`");
  token_ = json.at("access_token").get<std::string>();
  expires_.reset();
  if (const auto life = json.find("expires_in"); life != json.end() && life->is_number()) {
    const std::chrono::seconds seconds{life->get<std::int64_t>()};
    expires_ = Steady::now() + std::max(seconds / 2, seconds - kBeforeExpiry);
  }
}

HttpCaller::HttpCaller(HttpApi& api)
    : api_(api),
      client_({.limits = {.connect_timeout = api.settings().connect_timeout,
                          .timeout = api.settings().timeout,
                          .certificates = api.settings().certificates},
               .max_body_bytes = kMaxBody,
               .is_stopped = [&api] { return api.is_stopped(); }}),
      random_(std::random_device{}()) {}

void HttpCaller::wait(std::chrono::nanoseconds time) {
  const Steady::time_point until = Steady::now() + time;
  for (auto now = Steady::now(); now < until; now = Steady::now()) {
    if (api_.is_stopped()) throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: interrupted", api_.connection().name));
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(until - now, kSlice));
  }
}

void HttpCaller::wait_for_turn() {
  const Steady::time_point began = Steady::now();
  bool was_held = false;
  for (;;) {
    const auto rest = api_.settings().gate->take(Steady::now());
    if (rest.count() <= 0) break;
    if (!was_held) api_.log().write(LogLevel::Debug, fmt::format("{}: a call is held back for {}", api_.connection().name, seconds_text(rest)));
    was_held = true;
    wait(rest);
  }
  api_.count([&](LandingTally& tally) {
    ++tally.calls;
    if (!was_held) return;
    ++tally.held_back;
    tally.held += Steady::now() - began;
  });
}

// Between half of it and all of it, so that what failed together isn't tried again together.
std::chrono::nanoseconds HttpCaller::backoff(int tries) {
  const std::chrono::nanoseconds longest = kLongestBackoff;
  std::chrono::nanoseconds delay = api_.settings().retry_delay;
  for (int i = 1; i < tries && delay < longest; ++i) delay *= 2;
  delay = std::min(delay, longest);
  return std::chrono::nanoseconds{std::uniform_int_distribution<std::int64_t>(delay.count() / 2, delay.count())(random_)};
}

Error HttpCaller::unavailable(const HttpAsk& ask, const std::string& message) const {
  return Error(ErrorKind::Unavailable, fmt::format("connection `{}`: {}: {}", api_.connection().name, ask.what, message));
}

bool HttpCaller::may_try_again(int tries) {
  if (tries > api_.settings().retries) return false;
  api_.count([](LandingTally& tally) { ++tally.tried_again; });
  wait(backoff(tries));
  return true;
}

HttpReply HttpCaller::send(const HttpAsk& ask, const std::string& url, bool is_trusted, const std::string& token) {
  const HttpSettings& settings = api_.settings();
  HttpCall call{ask.method, url, {}, ask.body};
  if (!ask.headers.contains("Accept")) call.headers.emplace_back("Accept", "application/json");
  if (!ask.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
  // Whoever isn't the connection's own host sees nothing that could be secret.
  if (is_trusted) {
    for (const auto& [name, value] : settings.headers) call.headers.emplace_back(name, value);
    for (const auto& [name, value] : ask.headers) call.headers.emplace_back(name, value);
    const HttpAuth& auth = settings.auth;
    if (!token.empty()) call.headers.emplace_back("Authorization", "Bearer " + token);
    if (auth.kind == HttpAuthKind::Basic) call.headers.emplace_back("Authorization", basic(auth));
    if (auth.kind == HttpAuthKind::Key && !auth.in_query) call.headers.emplace_back(auth.name, auth.value);
    if (auth.kind == HttpAuthKind::Key && auth.in_query) call.url = with_parameter(url, auth.name, auth.value);
  }
  wait_for_turn();
  return client_.send(call);
}

// Redirects are followed by hand: credentials stay with the host that they are for.
HttpReply HttpCaller::follow(const HttpAsk& ask, std::string& url, std::string& token) {
  const std::string home = origin_of(api_.connection().location);
  HttpAsk hop = ask;
  url = ask.url;
  for (int hops = 0;; ++hops) {
    HttpReply reply = send(hop, url, origin_of(url) == home, token);
    if (!is_redirect(reply.status) || reply.header("location").empty()) return reply;
    if (hops == kRedirects)
      throw Error(ErrorKind::Data, fmt::format("connection `{}`: {}: more than {} redirects, the last one to `{}`", api_.connection().name,
                                               ask.what, kRedirects, host_of_url(url)));
    url = resolve_url(url, std::string(reply.header("location")));
    if (reply.status == 303 || (reply.status != 307 && reply.status != 308 && hop.method == "POST")) {
      hop.method = "GET";
      hop.body.clear();
    }
    if (origin_of(url) != home)
      api_.log().write(LogLevel::Debug, fmt::format("{}: redirected to `{}`: credentials are not sent there", api_.connection().name, host_of_url(url)));
  }
}

Error HttpCaller::refusal(const HttpAsk& ask, const std::string& url, const HttpReply& reply) const {
  const std::string& name = api_.connection().name;
  const HttpAuthKind kind = api_.settings().auth.kind;
  const bool was_sent_on = origin_of(url) != origin_of(api_.connection().location);
  const std::string said = api_.mask(snippet(reply.body));
  const std::string place = was_sent_on ? fmt::format("`{}`, where it was sent on to,", host_of_url(url)) : fmt::format("`{}`", host_of_url(url));
  std::string message = fmt::format("connection `{}`: {}: {} answered {}{}", name, ask.what, place, reply.status, said);
  Error error(ErrorKind::Data, message);
  if (reply.status == 401 || reply.status == 403) {
    if (was_sent_on) return error.hint("credentials are never sent on to another host: give that host's URL to the connection");
    if (kind == HttpAuthKind::None) return error.at(api_.connection().position).hint("it wants to know who we are: give the connection an `auth`");
    if (api_.was_let_in() && kind == HttpAuthKind::Bearer)
      return Error(ErrorKind::Data, fmt::format("connection `{}`: {}: the token expired midway: `{}` answered {}{}", name, ask.what,
                                                host_of_url(url), reply.status, said))
          .at(api_.connection().position)
          .hint("give a new token and run again: it goes on where it was; or use `oauth2`, which fetches its own");
    return error.at(api_.connection().position).hint("look at the connection's `auth`: these credentials are not let in");
  }
  if (reply.status == 404) return error.hint(fmt::format("there is no `{}`: look at `path`", api_.shown(ask.url)));
  return error.hint("the API refuses the request: look at `path`, `params` and `body`");
}

HttpReply HttpCaller::call(const HttpAsk& ask, const Refused& refused) {
  if (std::optional<HttpReply> known = api_.kept(ask)) {
    api_.log().write(LogLevel::Debug, fmt::format("{}: {}: it was asked a moment ago, and isn't asked again",
                                                  api_.connection().name, ask.what));
    return std::move(*known);
  }
  std::string token = api_.settings().auth.token;
  const bool has_oauth = api_.settings().auth.kind == HttpAuthKind::OAuth2;
  bool was_refreshed = false;
  for (int tries = 1;; ++tries) {
    std::string url = ask.url, failure;
    try {
      if (has_oauth) token = api_.token(client_, "");
      HttpReply reply = follow(ask, url, token);
      if (reply.succeeded()) {
        api_.note_let_in();
        api_.keep(ask, reply);
        return reply;
      }
      if (reply.status == 401 && has_oauth && !was_refreshed) {
        was_refreshed = true;
        api_.token(client_, token);
        --tries;
        continue;
      }
      if (!may_pass(reply.status)) {
        refused(api_.shown(url), reply);
        throw refusal(ask, url, reply);
      }
      failure = fmt::format("`{}` answered {}", host_of_url(url), reply.status);
      const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
      const auto named = retry_after(reply, now);
      if (named && *named > api_.settings().max_wait)
        throw unavailable(ask, fmt::format("{} and asks to wait for {}, longer than `max_wait`", failure, seconds_text(*named)));
      api_.log().write(LogLevel::Debug, fmt::format("{}: {}: {}{}", api_.connection().name, ask.what, failure,
                                                    named ? fmt::format(", to wait for {}", seconds_text(*named)) : ""));
      if (named || reply.status == 429) api_.settings().gate->hold(Steady::now() + (named ? std::chrono::nanoseconds(*named) : backoff(tries)));
      if (tries > api_.settings().retries) throw unavailable(ask, fmt::format("{}, {} times", failure, tries));
      api_.count([](LandingTally& tally) { ++tally.tried_again; });
      if (!named && reply.status != 429) wait(backoff(tries));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Usage)
        throw Error(ErrorKind::Project, fmt::format("connection `{}`: {}: {}", api_.connection().name, ask.what, error.message()))
            .at(api_.connection().position)
            .hint("correct the connection's URL, or `path`");
      if (error.kind() != ErrorKind::Unavailable || client_.failure() == HttpFailure::None) throw;
      if (api_.is_stopped()) throw unavailable(ask, "interrupted");
      if (client_.failure() == HttpFailure::Trust) throw unavailable(ask, error.message()).at(api_.connection().position).hint("give the file of its own CA as `certificates`");
      if (client_.failure() == HttpFailure::Other)
        throw unavailable(ask, error.message()).at(api_.connection().position).hint("is the connection's URL right, and the server up?");
      api_.log().write(LogLevel::Debug, fmt::format("{}: {}: {}", api_.connection().name, ask.what, error.message()));
      if (!may_try_again(tries)) throw unavailable(ask, fmt::format("{}, {} times", error.message(), tries));
    }
  }
}

}  // namespace lochan
