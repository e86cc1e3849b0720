// The store on a real server of S3: as a folder is, and what only S3 has: refusals, faults, locks, TLS.
#include <atomic>

#include "base/http_server.h"
#include "tests/catalog/object_store_contract.h"
#include "tests/support/proxy.h"
#include "tests/support/s3_server.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

const SystemClock kClock;

std::string new_bucket(bool has_object_lock = false) {
  const std::string name = "test-" + random_uuid();
  S3Server::get().make_bucket(name, has_object_lock);
  return name;
}

INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreContract, testing::Values<MakeStore>([](const fs::path&) {
                           return make_s3_store(S3Server::get().place("s3://" + new_bucket() + "/shop/lake"), kClock);
                         }));
INSTANTIATE_TEST_SUITE_P(S3Layers, ObjectStoreContract, testing::Values<MakeStore>([](const fs::path& folder) {
                           std::map<std::string, std::unique_ptr<ObjectStore>> layers;
                           layers["raw"] = make_s3_store(S3Server::get().place("s3://" + new_bucket()), kClock);
                           return make_layered_store(make_local_store(folder), std::move(layers));
                         }));

/// "Project: message (hint)" of what `work` throws.
template <typename Work>
std::string error(Work&& work) {
  try {
    work();
  } catch (const Error& caught) {
    return fmt::format("{}: {} ({})", to_string(caught.kind()), caught.message(), caught.hint());
  }
  return "nothing was thrown";
}

TEST(S3StoreTest, TellsWhatStandsInTheWay) {
  const S3Server& server = S3Server::get();
  const auto check = [&](const std::function<void(LakePlace&)>& change) {
    LakePlace place = server.place("s3://" + new_bucket());
    change(place);
    return error([&] { make_s3_store(place, kClock, {.attempts = 2, .first_delay = std::chrono::milliseconds{1}})->check(); });
  };
  const std::string at = server.endpoint();
  EXPECT_EQ(check([](LakePlace&) {}), "nothing was thrown");
  EXPECT_EQ(check([](LakePlace& place) { place.s3.keys.access_key_id = "wrong"; }),
            "project: " + at + " knows no access key `wrong` (correct `access_key_id` (AWS_ACCESS_KEY_ID, or the profile))");
  EXPECT_EQ(check([](LakePlace& place) { place.s3.keys.secret_access_key = "wrong"; }),
            "project: " + at + " refuses the secret key of `lochan` (correct `secret_access_key` (AWS_SECRET_ACCESS_KEY, or the profile))");
  EXPECT_EQ(check([](LakePlace& place) { place.location = "s3://no-such-bucket"; }),
            "project: there is no bucket `no-such-bucket` at " + at + " (make it, or name another in `lake`)");
  EXPECT_EQ(check([](LakePlace& place) { place.s3.endpoint = "http://127.0.0.1:1"; }).substr(0, 13), "unavailable: ");
}

class WrongClock final : public Clock {
 public:
  Instant now() const override { return SystemClock().now() - std::chrono::hours{1}; }
};

TEST(S3StoreTest, TellsAWrongClock) {
  const WrongClock clock;
  const LakePlace place = S3Server::get().place("s3://" + new_bucket());
  EXPECT_NE(error([&] { make_s3_store(place, clock)->check(); }).find("this machine's clock says"), std::string::npos);
}

/// Between us and the server: answers 503 to each third request, and lets every fifth through without telling its answer.
class Unreliable {
 public:
  Unreliable() : server_({}, [this](const HttpRequest& request) { return answer(request); }, log_) {}

  LakePlace place(const std::string& location) const {
    LakePlace place = S3Server::get().place(location);
    place.s3.endpoint = fmt::format("http://127.0.0.1:{}", server_.port());
    return place;
  }
  int refused() const { return refused_; }

 private:
  HttpResponse answer(const HttpRequest& request) {
    const int number = ++count_;
    const HttpResponse busy{.status = 503, .headers = {}, .body = "<Error><Code>SlowDown</Code></Error>", .content_type = "application/xml"};
    if (number % 3 == 0) {
      ++refused_;
      return busy;
    }
    // The signature is of our own host: it is made anew for the server's.
    const std::string path = request.path;
    std::vector<std::pair<std::string, std::string>> query;
    for (const auto& [name, value] : parse_query(request.query)) query.emplace_back(name, value);
    std::map<std::string, std::string> headers;
    for (const char* name : {"if-none-match", "content-md5", "content-type", "range"})
      if (const auto value = request.header(name); !value.empty()) headers[name] = std::string(value);
    const HttpReply reply = S3Server::get().ask(request.method, path, query, request.body, headers);
    if (number % 5 == 0) {
      ++refused_;
      return busy;
    }
    HttpResponse response{.status = reply.status, .headers = {}, .body = reply.body, .content_type = "application/xml"};
    if (const auto etag = reply.header("etag"); !etag.empty()) response.headers["etag"] = std::string(etag);
    return response;
  }

  std::atomic<int> count_ = 0, refused_ = 0;
  NullLog log_;
  HttpServer server_;
};

TEST(S3StoreTest, LosesAndDoublesNothingWhenTheServerIsBusy) {
  Unreliable between;
  const std::string bucket = new_bucket();
  const auto store = make_s3_store(between.place("s3://" + bucket), kClock, {.first_delay = std::chrono::milliseconds{1}});
  for (int i = 0; i < 40; ++i) store->create(fmt::format("raw/{}", i), std::to_string(i));
  EXPECT_GT(between.refused(), 20);
  const auto direct = make_s3_store(S3Server::get().place("s3://" + bucket), kClock);
  int count = 0;
  direct->list("", [&](const ObjectInfo&) { ++count; });
  EXPECT_EQ(count, 40);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(store->read(fmt::format("raw/{}", i)), std::to_string(i));
  std::vector<std::string> names;
  store->list("", [&](const ObjectInfo& info) { names.push_back(info.name); });
  store->remove(names);
  store->list("", [&](const ObjectInfo& info) { ADD_FAILURE() << info.name; });
}

TEST(S3StoreTest, GivesUpOnAServerThatStaysBusy) {
  NullLog log;
  HttpServer busy({}, [](const HttpRequest&) { return HttpResponse{.status = 503, .headers = {}, .body = "", .content_type = ""}; }, log);
  LakePlace place = S3Server::get().place("s3://bucket");
  place.s3.endpoint = fmt::format("http://127.0.0.1:{}", busy.port());
  const auto store = make_s3_store(place, kClock, {.attempts = 4, .first_delay = std::chrono::milliseconds{1}});
  EXPECT_EQ(error([&] { store->read("x"); }), "unavailable: GET of `s3://bucket/x` was answered status 503, 4 times ()");
  EXPECT_EQ(busy.request_count(), 4U);
}

TEST(S3StoreTest, SurvivesCutAndSlowConnections) {
  const std::string bucket = new_bucket();
  const Proxy proxy(S3Server::get().port());
  LakePlace place = S3Server::get().place("s3://" + bucket);
  place.s3.endpoint = fmt::format("http://127.0.0.1:{}", proxy.port());
  const auto store = make_s3_store(place, kClock);
  store->create("raw/1", "one");
  proxy.delay(300);
  EXPECT_EQ(store->read("raw/1"), "one");
  proxy.restore();
  // The answer is cut off in its middle: what was sent has arrived all the same.
  proxy.cut_after(10);
  std::jthread mends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{300});
    proxy.restore();
  });
  store->create("raw/2", "two");
  mends.join();
  EXPECT_EQ(store->read("raw/2"), "two");
  proxy.cut();
  const auto hasty = make_s3_store(place, kClock, {.attempts = 2, .first_delay = std::chrono::milliseconds{1}});
  EXPECT_EQ(error([&] { hasty->read("raw/1"); }).substr(0, 12), "unavailable:");
  proxy.restore();
  EXPECT_EQ(hasty->read("raw/1"), "one");
}

TEST(S3StoreTest, ChecksTheBucketsEncryption) {
  const std::string bucket = new_bucket();
  LakePlace place = S3Server::get().place("s3://" + bucket);
  place.s3.encryption = Encryption::S3;
  EXPECT_EQ(error([&] { make_s3_store(place, kClock)->check(); }),
            "project: the bucket `" + bucket +
                "` encrypts new objects by nothing, wanted `AES256` (set the bucket's default encryption: the engine's files are "
                "encrypted by it alone; see docs/s3.md)");
  const auto encrypt = [&](const std::string& rule) {
    const std::string body = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>" + rule +
                             "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
    const HttpReply reply = S3Server::get().ask("PUT", "/" + bucket, {{"encryption", ""}}, body);
    ASSERT_TRUE(reply.succeeded()) << reply.body;
  };
  encrypt("<SSEAlgorithm>AES256</SSEAlgorithm>");
  const auto store = make_s3_store(place, kClock);
  store->check();
  store->create("raw/1", "secret");
  EXPECT_EQ(S3Server::get().ask("HEAD", "/" + bucket + "/raw/1").header("x-amz-server-side-encryption"), "AES256");
  EXPECT_EQ(store->read("raw/1"), "secret");
  place.s3.encryption = Encryption::Kms;
  place.s3.kms_key = "lochan";
  EXPECT_EQ(error([&] { make_s3_store(place, kClock)->check(); }).substr(0, 8), "project:");
  encrypt("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>lochan</KMSMasterKeyID>");
  make_s3_store(place, kClock)->check();
}

TEST(S3StoreTest, ChecksTheBucketsLock) {
  const S3StoreOptions options{.object_lock = std::chrono::hours{48}};
  const std::string plain = new_bucket();
  EXPECT_EQ(error([&] { make_s3_store(S3Server::get().place("s3://" + plain), kClock, options)->check(); }),
            "project: the bucket `" + plain +
                "` keeps new objects for 0 days, wanted 2 (make the bucket with an object lock, and set its default "
                "retention; see docs/s3.md)");
  const std::string bucket = new_bucket(true);
  const HttpReply reply = S3Server::get().ask(
      "PUT", "/" + bucket, {{"object-lock", ""}},
      "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode>"
      "<Days>2</Days></DefaultRetention></Rule></ObjectLockConfiguration>");
  ASSERT_TRUE(reply.succeeded()) << reply.body;
  const auto store = make_s3_store(S3Server::get().place("s3://" + bucket), kClock, options);
  store->check();
  store->create("sale/metadata/1.json", "one");
  EXPECT_EQ(S3Server::get().ask("HEAD", "/" + bucket + "/sale/metadata/1.json").header("x-amz-object-lock-mode"), "GOVERNANCE");
}

TEST(S3StoreTest, TellsTablesTheirPlace) {
  LakePlace place = S3Server::get().place("s3://bucket/shop");
  place.s3.keys.session_token = "token";
  place.s3.vended = AwsKeys{"reader", "reads", ""};
  const auto store = make_s3_store(place, kClock);
  using Config = std::map<std::string, std::string>;
  Config config{{"s3.region", "us-east-1"}, {"client.region", "us-east-1"}, {"s3.endpoint", place.s3.endpoint}, {"s3.path-style-access", "true"}};
  EXPECT_EQ(store->table_config("raw/sale", ObjectStore::Keys::None), config);
  Config own = config, vended = config;
  own.merge(Config{{"s3.access-key-id", "lochan"}, {"s3.secret-access-key", "lochan-secret"}, {"s3.session-token", "token"}});
  vended.merge(Config{{"s3.access-key-id", "reader"}, {"s3.secret-access-key", "reads"}});
  EXPECT_EQ(store->table_config("raw/sale", ObjectStore::Keys::Own), own);
  EXPECT_EQ(store->table_config("raw/sale", ObjectStore::Keys::Vended), vended);
  EXPECT_EQ(store->name_of("s3a://bucket/shop/raw/sale/x"), "raw/sale/x");
}

TEST(S3StoreTest, TrustsTheNamedAuthority) {
  const auto run = [](const char* verb) {
    const int port = S3Server::get().port() + 1;
    ::setenv("S3_TLS", "yes", 1);
    const std::string was = std::getenv("S3_PORT") == nullptr ? "" : std::getenv("S3_PORT");
    const std::string services = std::getenv("LOCHAN_SERVICES") == nullptr ? "/tmp/lochan-services" : std::getenv("LOCHAN_SERVICES");
    ::setenv("S3_PORT", std::to_string(port).c_str(), 1);
    ::setenv("LOCHAN_SERVICES", (services + "/tls").c_str(), 1);
    auto described = run_service("s3", verb);
    ::unsetenv("S3_TLS");
    was.empty() ? ::unsetenv("S3_PORT") : ::setenv("S3_PORT", was.c_str(), 1);
    ::setenv("LOCHAN_SERVICES", services.c_str(), 1);
    return described;
  };
  const S3Server server(run("start"));
  server.make_bucket("tls-bucket");
  LakePlace place = server.place("s3://tls-bucket");
  EXPECT_NE(error([&] { make_s3_store(place, kClock)->check(); }).find("`certificates: ca.pem` in `lake`"), std::string::npos);
  place.s3.certificates = server.certificate();
  make_s3_store(place, kClock)->check();
  run("clean");
}

}  // namespace
}  // namespace lochan
