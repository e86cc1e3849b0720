// The simulated API, loaded: each pagination and sign-in, limits, faults, and going on after a kill.
#include "source/http_probe.h"
#include "tests/simulate/api_lake.h"
#include "tests/support/passing_store.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kWhole = "select count(*), count(distinct id), min(id), max(id) from LAKE.raw.orders";

class ApiPaging : public ApiLake, public testing::WithParamInterface<std::string> {};

TEST_P(ApiPaging, EachRecordComesOnceAndIsAskedForOnce) {
  start();
  page_by(GetParam());
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_THAT(rows(kWhole), ElementsAre("950|950|1|950"));
  EXPECT_EQ(counted("requests"), GetParam() == "list" ? 1 : 10);
  EXPECT_EQ(load_orders().rows_written, 0);
}

TEST_P(ApiPaging, ADraftOfTheProbeHasItsPages) {
  start();
  const Connection connection = api();
  const HttpDraft draft = probe_http(connection, fmt::format("{}/{}/orders", connection.location, GetParam()), log_);
  const std::map<std::string, std::string> wanted = {
      {"list", "path: \"list/orders\""}, {"link", "by: header_link"}, {"next", "by: json_link, at: next"},
      {"cursor", "by: cursor, at: meta.next_cursor, param: cursor"}, {"offset", "by: offset, total: total, size: 100, size_param: limit"},
      {"page", "by: page_number, total: meta.total, size: 100, size_param: limit"}, {"keyset", "by: keyset, at: id, size: 100, size_param: limit"}};
  EXPECT_THAT(draft.yaml, HasSubstr(wanted.at(GetParam())));
  EXPECT_THAT(draft.yaml, HasSubstr("key: id\n"));
  EXPECT_THAT(draft.yaml, HasSubstr("cursor: updated_at\n"));
  EXPECT_THAT(draft.yaml, HasSubstr("updated_since: $since\n"));
}

INSTANTIATE_TEST_SUITE_P(Styles, ApiPaging, testing::Values("list", "link", "next", "cursor", "offset", "page", "keyset"),
                         [](const auto& style) { return style.param; });

TEST_F(ApiLake, APostHoldsItsPageInTheBody) {
  start();
  page_by("keyset", 300);
  resource_.method = "POST";
  resource_.body.value = R"({"limit": 300, "field_ids": ["id"]})";
  resource_.pagination.in_body = true;
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_EQ(counted("requests"), 4);
}

TEST_F(ApiLake, PagesOfAKnownTotalAreAskedForSideBySide) {
  config_.delay = std::chrono::milliseconds{5};
  start();
  page_by("page");
  resource_.pagination.total.value = "meta.total";
  settings_.concurrency = 4;
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_THAT(rows(kWhole), ElementsAre("950|950|1|950"));
  EXPECT_EQ(counted("requests"), 10);
}

class ApiSignIn : public ApiLake, public testing::WithParamInterface<std::string> {
 protected:
  void sign_in(const std::string& secret) {
    HttpAuth& auth = settings_.auth;
    auth = {};
    const std::string way = GetParam();
    if (way == "bearer") auth.kind = HttpAuthKind::Bearer, auth.token = secret;
    if (way == "basic") auth.kind = HttpAuthKind::Basic, auth.user = "volt", auth.password = secret;
    if (way == "key") auth.kind = HttpAuthKind::Key, auth.name = "X-Api-Key", auth.value = secret;
    if (way == "key_query") auth.kind = HttpAuthKind::Key, auth.name = "api_key", auth.value = secret, auth.in_query = true;
    if (way == "oauth2")
      auth.kind = HttpAuthKind::OAuth2, auth.user = "volt", auth.password = secret, auth.token_url = fmt::format("http://127.0.0.1:{}/token", port_);
  }
  std::string all_manifests() {
    std::string text;
    store().list("landing/", [&](const ObjectInfo& object) {
      if (object.name.ends_with(".json")) text += store().read(object.name);
    });
    return text;
  }
};

TEST_P(ApiSignIn, LetsInWhoHasTheSecretAndKeepsItSecret) {
  config_.auth = GetParam();
  start();
  page_by("next");
  sign_in("secret-volt");
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_THAT(all_manifests(), Not(HasSubstr("secret-volt")));
  EXPECT_THAT(all_manifests(), HasSubstr("next/orders?limit=100"));
}

TEST_P(ApiSignIn, TellsOfWrongCredentials) {
  config_.auth = GetParam();
  start();
  page_by("page");
  sign_in("wrong-secret");
  const std::string told = load_error();
  EXPECT_THAT(told, testing::StartsWith("data: connection `volt`: "));
  EXPECT_THAT(told, HasSubstr("answered 401"));
  EXPECT_THAT(told, HasSubstr(GetParam() == "oauth2" ? "(look at `client_id`, `client_secret` and `scope`)" : "(look at the connection's `auth`"));
  EXPECT_THAT(told, Not(HasSubstr("wrong-secret")));
  EXPECT_LE(counted("requests"), 1);
}

INSTANTIATE_TEST_SUITE_P(Ways, ApiSignIn, testing::Values("bearer", "basic", "key", "key_query", "oauth2"),
                         [](const auto& style) { return style.param; });

TEST_F(ApiLake, ATokenOfOAuthThatExpiresMidwayIsFetchedAnew) {
  config_.auth = "oauth2";
  config_.token_calls = 4;
  start();
  page_by("page");
  settings_.auth = {.kind = HttpAuthKind::OAuth2, .user = "volt", .password = "secret-volt", .token_url = fmt::format("http://127.0.0.1:{}/token", port_)};
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_EQ(counted("tokens"), 3);
}

TEST_F(ApiLake, ABearersTokenThatExpiresMidwayIsToldAndTheNextRunGoesOn) {
  config_.auth = "bearer";
  config_.token_calls = 4;
  start();
  page_by("page");
  settings_.auth = {.kind = HttpAuthKind::Bearer, .token = "secret-volt"};
  EXPECT_EQ(load_error(), fmt::format("data: connection `volt`: page 5 of `orders`: the token expired midway: `127.0.0.1:{}` answered 401: "
                                      R"({{"error":"the token has expired"}})"
                                      " (give a new token and run again: it goes on where it was; or use `oauth2`, which fetches its own)",
                                      port_));
  config_.token_calls = 0;
  start();
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_EQ(counted("requests"), 6);
}

// Waits for real seconds: an API can't name less.
TEST_F(ApiLake, NoRequestComesBeforeItsRetryAfter) {
  for (const bool is_date : {false, true}) {
    config_.every_429 = 5;
    config_.every_500 = 7;
    config_.retry_date = is_date;
    start();
    page_by("cursor", 200);
    orders_.key.clear();
    EXPECT_EQ(load_orders().rows_read, 950);
    EXPECT_EQ(counted("before_retry_after"), 0);
    EXPECT_EQ(counted("while_held_back"), 0);
    EXPECT_EQ(simulation_->counts().at("statuses").at("200"), 5);
    EXPECT_EQ(tally_.calls, counted("requests"));
    EXPECT_GE(tally_.held_back, 1);
    EXPECT_GE(tally_.held, std::chrono::milliseconds{900});
  }
}

TEST_F(ApiLake, ALimitOfCallsIsKeptTo) {
  config_.rate = 4;
  start();
  page_by("page");
  resource_.pagination.total.value = "meta.total";
  settings_.rate = {.calls = 4, .per = std::chrono::milliseconds{1100}};
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_EQ(counted("requests"), 10);
  EXPECT_GE(tally_.held_back, 1);
}

TEST_F(ApiLake, CutsBrokenBodiesAndErrorsAreTriedAgain) {
  config_.every_cut = 3;
  config_.every_broken = 4;
  config_.every_500 = 5;
  start();
  page_by("offset");
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_THAT(rows(kWhole), ElementsAre("950|950|1|950"));
}

TEST_F(ApiLake, AnAskToWaitTooLongFailsTheAttempt) {
  config_.every_429 = 2;
  config_.retry_after = std::chrono::hours{1};
  start();
  page_by("page");
  EXPECT_THAT(load_error(), HasSubstr("answered 429 and asks to wait for 60 min 0 s, longer than `max_wait`"));
}

// A store of a machine that is killed at its nth write: what was written by then is there.
class KilledStore final : public PassingStore {
 public:
  KilledStore(ObjectStore& store, int writes) : PassingStore(store), left_(writes) {}
  void write(std::string_view name, std::string_view bytes) override {
    if (left_.fetch_sub(1) <= 0) throw Error(ErrorKind::Unavailable, "killed");
    PassingStore::write(name, bytes);
  }

 private:
  std::atomic<int> left_;
};

TEST_F(ApiLake, KilledBetweenAnyTwoWritesTheNextRunAsksForNothingTwice) {
  orders_.load = LoadMode::Full;
  page_by("page", 200);
  // extraction.json, five bodies each with what was asked, manifest.json
  for (int writes = 0; writes <= 12; ++writes) {
    config_.seed = static_cast<std::uint64_t>(writes) + 1;  // other bytes, so that each load has rows to write
    start();
    orders_.request = std::make_shared<HttpResource>(resource_);
    const Connection connection = api();
    KilledStore killed(store(), writes);
    const Landing place{killed, clock(), log_, run()};
    LoadRequest request{source_, connection, {&orders_}, {{orders_.table(), find(orders_.table())}}, run(), loaded_at_ += std::chrono::seconds{1}};
    request.landing = &place;
    const auto source = make_source(connection);
    EXPECT_EQ(error([&] { lochan::load(session(), *source, request); }), writes < 12 ? "unavailable: killed" : "nothing was thrown");
    const std::int64_t asked = counted("requests");
    const int landed = std::max(0, (writes - 1) / 2);
    EXPECT_EQ(asked, writes == 0 ? 0 : std::min(5, landed + 1)) << writes;
    abandon();
    auto next = landing();
    next.was_cut_off = [](std::int64_t) { return true; };
    LoadRequest again{source_, connection, {&orders_}, {{orders_.table(), find(orders_.table())}}, run(), loaded_at_ += std::chrono::seconds{1}};
    again.landing = &next;
    const auto fresh = make_source(connection);
    const std::vector<LoadedTable> loaded = lochan::load(session(), *fresh, again);
    EXPECT_EQ(counted("requests") - asked, std::max(0, 5 - landed)) << writes;
    publish({{orders_.table(), {{"lochan.cursor", cursors_property({{"volt", loaded.front().reached}})}}}});
    EXPECT_THAT(rows("select count(*), count(distinct id) from (select * from LAKE.raw.orders qualify row_number() over (partition by id order by "
                     "_loaded_at desc) = 1)"),
                ElementsAre("950|950"))
        << writes;
  }
}

// Nothing of it was new, so no cursor tells that it was used.
TEST_F(ApiLake, WhatACancelledRunLandedIsUsedByOneRun) {
  orders_.load = LoadMode::Full;
  page_by("page", 200);
  start();
  publish({{orders_.table(), {{"lochan.cursor", cursors_property({{"volt", load_orders().reached}})}}}});
  const std::int64_t cancelled = run();
  const auto asked_in_a_run = [&] {
    const std::int64_t before = counted("requests");
    const Connection connection = api();
    auto place = landing();
    place.was_cut_off = [&](std::int64_t run) { return run == cancelled; };
    LoadRequest request{source_, connection, {&orders_}, {{orders_.table(), find(orders_.table())}}, run(), loaded_at_ += std::chrono::seconds{1}};
    request.landing = &place;
    const auto source = make_source(connection);
    EXPECT_FALSE(lochan::load(session(), *source, request).front().changed);
    abandon();
    return counted("requests") - before;
  };
  EXPECT_EQ(asked_in_a_run(), 5) << "the one that is cancelled";
  EXPECT_EQ(asked_in_a_run(), 0);
  EXPECT_EQ(asked_in_a_run(), 5) << "the API is asked anew";
}

TEST_F(ApiLake, AFailedRunGoesOnWithTheNextPageAndAFinishedOneBeginsAnew) {
  config_.every_html = 6;
  start();
  page_by("page");
  EXPECT_THAT(load_error(), HasSubstr("page 6 of `orders`: it answered with a page of HTML where JSON was wanted, of the title `Down for maintenance`"));
  EXPECT_EQ(counted("requests"), 6);
  config_.every_html = 0;
  start();
  EXPECT_EQ(load_orders().rows_written, 950);
  EXPECT_EQ(counted("requests"), 5);
  EXPECT_EQ(load_orders().rows_written, 0);
  EXPECT_EQ(counted("requests"), 15);
}

TEST_F(ApiLake, WhatIsNewIsAskedForFromTheCursorOn) {
  start();
  page_by("page");
  orders_.load = LoadMode::Incremental;
  orders_.cursor = LocatedText{"updated_at", {}};
  resource_.params = {{"updated_since", "$since"}};
  resource_.start = LocatedText{"2026-01-01T00:00:00.000Z", {}};
  EXPECT_EQ(load_orders().rows_written, 950);
  simulation_->tick();
  EXPECT_EQ(load_orders().rows_written, 8);  // five new ones, three that changed
  EXPECT_EQ(load_orders().rows_written, 0);
  simulation_->tick();
  simulation_->tick();
  load_orders();
  EXPECT_THAT(rows("select count(distinct id) from LAKE.raw.orders"), ElementsAre("965"));
  EXPECT_EQ(counted("requests"), 10 + 1 + 1 + 1);
}

TEST_F(ApiLake, ChildrenAreAskedForEachRecordOfTheirParent) {
  start();
  users_.request = [&] {
    HttpResource users;
    users.path.value = "cursor/users";
    users.records.value = "data";
    users.pagination = {.by = HttpPaging::Cursor, .at = {"meta.next_cursor", {}}, .size = 10, .size_param = "limit"};
    return std::make_shared<HttpResource>(users);
  }();
  page_by("offset", 20);
  resource_.path.value = "offset/users/{id}/orders";
  resource_.parent = LocatedText{"users", {}};
  resource_.from_parent = {{"buyer", "id"}, {"buyer_email", "email"}};
  resource_.of_parent = users_.request;
  orders_.request = std::make_shared<HttpResource>(resource_);
  const Connection connection = api();
  const auto source = make_source(connection);
  LoadLake::load(*source, connection, {&orders_, &users_});  // in any order
  EXPECT_THAT(rows(kWhole), ElementsAre("950|950|1|950"));
  EXPECT_THAT(rows("select count(*) from LAKE.raw.orders where buyer = user_id and buyer_email = 'user' || user_id || '@example.com'"), ElementsAre("950"));
  EXPECT_EQ(counted("given_again"), 0);
  const auto alone = make_source(connection);
  EXPECT_THAT(error([&] { LoadLake::load(*alone, connection, {&orders_}); }), HasSubstr("`orders` is asked for each record of `users`, which is not loaded with it"));
}

TEST_F(ApiLake, EachResponseIsLandedAsItWasReceived) {
  start();
  page_by("next", 500);
  load_orders();
  const auto same = simulation_->answer({"GET", "/next/orders", "limit=500", {{"host", fmt::format("127.0.0.1:{}", port_)}}, ""});
  int bodies = 0;
  store().list("landing/volt/orders/", [&](const ObjectInfo& object) {
    if (!object.name.ends_with("000000-000001.request.json")) return;
    ++bodies;
    const auto asked = nlohmann::json::parse(store().read(object.name));
    EXPECT_EQ(asked.at("sha256"), sha256(same.body));
    EXPECT_EQ(asked.at("bytes"), same.body.size());
    EXPECT_EQ(asked.at("status"), 200);
    EXPECT_EQ(asked.at("url"), fmt::format("http://127.0.0.1:{}/next/orders?limit=500", port_));
  });
  EXPECT_EQ(bodies, 1);
}

TEST(ApiSimulation, OrdersKeepTheTimeTheyWereMadeAt) {
  ApiConfig config;
  config.orders = 10;
  config.order_interval = std::chrono::hours{24};
  ApiSimulation simulation(config);
  const auto made = [&] {
    std::vector<std::string> times;
    const auto orders = nlohmann::json::parse(simulation.answer({"GET", "/list/orders", "", {}, ""}).body);
    for (const auto& order : orders.is_array() ? orders : orders.at("data")) times.push_back(order.at("created_at"));
    return times;
  };
  for (int i = 0; i < 3; ++i) simulation.tick();
  const std::vector<std::string> before = made();
  ASSERT_EQ(before.size(), 25U);
  EXPECT_THAT(before[0], testing::StartsWith("2026-01-02T00:00:00"));
  EXPECT_THAT(before[9], testing::StartsWith("2026-01-11T00:00:00"));
  EXPECT_THAT(before[10], testing::StartsWith("2026-01-11T00:01:00"));
  EXPECT_THAT(before[24], testing::StartsWith("2026-01-11T00:03:00"));
  for (int i = 0; i < 40; ++i) simulation.tick();
  std::vector<std::string> after = made();
  after.resize(before.size());
  EXPECT_EQ(after, before);
}

TEST(ApiSimulation, TheSameSeedGivesTheSameBytes) {
  const auto body = [](std::uint64_t seed, int ticks) {
    ApiConfig config;
    config.seed = seed;
    ApiSimulation simulation(config);
    for (int i = 0; i < ticks; ++i) simulation.tick();
    return simulation.answer({"GET", "/list/orders", "updated_since=2026-01-01T02:40:00.000Z", {}, ""}).body;
  };
  EXPECT_EQ(body(7, 3), body(7, 3));
  EXPECT_NE(body(7, 3), body(8, 3));
  EXPECT_NE(body(7, 3), body(7, 4));
}

}  // namespace
}  // namespace lochan
