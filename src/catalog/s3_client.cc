#include "catalog/s3_client.h"

#include <fmt/format.h>
#include <curl/curl.h>

#include <algorithm>
#include <random>
#include <thread>

#include "base/aws_signature.h"
#include "base/error.h"
#include "base/text.h"
#include "catalog/s3_reply.h"

namespace lochan {
namespace {

constexpr std::string_view kS3 = "s3://";
constexpr std::chrono::seconds kStalled{30};
constexpr std::chrono::minutes kLongest{10};
constexpr std::chrono::milliseconds kLongestDelay{5'000};
constexpr std::chrono::seconds kPatience{60};  // of one request: no further attempt comes later
constexpr int kTriesWhileAway = 2;             // of a request after one that was given up without an answer
constexpr std::size_t kLongestAnswer = std::size_t{4} << 30;

bool is_about_trust(const Error& error) {
  const std::string text = text::lower(error.message());
  return text.find("certificate") != std::string::npos || text.find("ssl") != std::string::npos;
}

}  // namespace

S3Client::S3Client(const LakePlace& place, const Clock& clock, const S3StoreOptions& options)
    : place_(place), clock_(clock), options_(options) {
  const std::string path = place.location.substr(kS3.size());
  const auto slash = path.find('/');
  bucket_ = path.substr(0, slash);
  if (slash != std::string::npos) prefix_ = path.substr(slash + 1) + "/";
  const std::string endpoint =
      place.s3.endpoint.empty() ? fmt::format("https://s3.{}.amazonaws.com", place.s3.region) : place.s3.endpoint;
  const auto host = endpoint.find("://") + 3;
  scheme_ = endpoint.substr(0, host);
  host_ = (place.s3.path_style.value_or(false) ? "" : bucket_ + ".") + endpoint.substr(host);
  // The header `Host`, which is signed, has no port that its scheme implies.
  const std::string_view implied = scheme_ == "https://" ? ":443" : ":80";
  if (host_.ends_with(implied)) host_.resize(host_.size() - implied.size());
}

std::chrono::seconds S3Client::server_ahead() const {
  const std::lock_guard lock(mutex_);
  return server_ahead_;
}

// How often one request is tried, and for how long: a server that takes requests and answers none costs half a minute
// each time.
class S3Client::Tries {
 public:
  explicit Tries(int most) : most_(most) {}
  int count() const { return count_; }
  void next() { ++count_; }
  bool are_over() const { return count_ >= most_ || std::chrono::steady_clock::now() - began_ > kPatience; }

 private:
  const int most_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  int count_ = 1;
};

HttpReply S3Client::send(const S3Request& request, std::initializer_list<int> expected) {
  Tries tries([&] {
    const std::lock_guard lock(mutex_);
    return is_away_ ? std::min(options_.attempts, kTriesWhileAway) : options_.attempts;
  }());
  for (;; tries.next()) {
    if (const std::optional<HttpReply> reply = try_once(request, tries)) {
      if (reply->succeeded() || std::ranges::find(expected, reply->status) != expected.end()) return *reply;
      if (tries.are_over() || !may_try_again(*reply)) refuse(request, *reply, tries.count());
    }
    wait_before(tries.count() + 1);
  }
}

void S3Client::note_answer(bool was_given) {
  const std::lock_guard lock(mutex_);
  is_away_ = !was_given;
}

// Nothing when there was no answer, and another attempt may bring one.
std::optional<HttpReply> S3Client::try_once(const S3Request& request, const Tries& tries) {
  try {
    HttpReply reply = send_once(request);
    note_answer(true);
    return reply;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Unavailable) throw;
    if (is_about_trust(error))
      throw Error(ErrorKind::Project, error.message())
          .at(place_.position)
          .hint(fmt::format("name the file of the authority that signed the server's certificate: `certificates: ca.pem` in {}", place_.written_in));
    if (!tries.are_over()) return std::nullopt;
    note_answer(false);
    throw Error(ErrorKind::Unavailable,
                fmt::format("`{}`: {}, {} times", describe(request), error.message(), tries.count()))
        .at(place_.position)
        .hint("is `endpoint` right, and the server up?");
  }
}

HttpReply S3Client::send_once(const S3Request& request) {
  std::string path = place_.s3.path_style.value_or(false) ? "/" + bucket_ : "";
  if (!request.key.empty()) path += "/" + aws_encoded(request.key, true);
  if (path.empty()) path = "/";
  AwsRequest to_sign{request.method, host_, path, request.query, {}, request.body};
  HttpCall call{.method = request.method, .url = scheme_ + host_ + path};
  if (!request.query.empty()) call.url += "?" + aws_query(request.query);
  for (const auto& [name, value] : request.headers) {
    call.headers.emplace_back(name, value);
    if (name.starts_with("x-amz-")) to_sign.headers[name] = value;
  }
  for (const auto& [name, value] : sign_aws_request(to_sign, place_.s3.keys, place_.s3.region, "s3", clock_.now()))
    call.headers.emplace_back(name, value);
  call.body = request.body;
  return exchange(call);
}

// Each thread takes a connection that nobody uses.
HttpReply S3Client::exchange(const HttpCall& call) {
  std::unique_ptr<HttpClient> client;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      client = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!client) {
    HttpClientOptions options;
    options.limits.timeout = kLongest;
    options.limits.stalled = kStalled;
    options.limits.certificates = place_.s3.certificates;
    options.max_body_bytes = kLongestAnswer;
    client = std::make_unique<HttpClient>(options);
  }
  HttpReply reply = client->send(call);
  note_clock(reply);
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(client));
  return reply;
}

void S3Client::note_clock(const HttpReply& reply) {
  const std::string date(reply.header("date"));
  const std::time_t server = date.empty() ? -1 : curl_getdate(date.c_str(), nullptr);
  if (server < 0) return;
  const std::int64_t ours = to_micros(clock_.now()) / 1'000'000;
  const std::lock_guard lock(mutex_);
  server_ahead_ = std::chrono::seconds{static_cast<std::int64_t>(server) - ours};
}

// "Error responses", Amazon S3 API Reference.
bool S3Client::may_try_again(const HttpReply& reply) const {
  if (reply.status >= 500 && reply.status != 501) return true;
  if (reply.status == 429) return true;
  const std::string code = read_s3_fault(reply.body).code;
  return code == "RequestTimeout" || code == "ConditionalRequestConflict" || code == "OperationAborted" ||
         code == "SlowDown";
}

void S3Client::wait_before(int attempt) const {
  auto longest = options_.first_delay * (1 << std::min(attempt - 2, 10));
  longest = std::min(std::chrono::milliseconds(longest), kLongestDelay);
  // Full jitter: those that were turned away together don't come back together.
  std::random_device random;
  const auto delay = std::uniform_int_distribution<std::int64_t>(longest.count() / 4, longest.count())(random);
  std::this_thread::sleep_for(std::chrono::milliseconds{delay});
}

std::string S3Client::describe(const S3Request& request) const {
  return fmt::format("s3://{}{}{}", bucket_, request.key.empty() ? "" : "/", request.key);
}

void S3Client::refuse(const S3Request& request, const HttpReply& reply, int tries) const {
  const S3Fault fault = read_s3_fault(reply.body);
  const std::string server = place_.s3.endpoint.empty() ? "AWS" : place_.s3.endpoint;
  const auto project = [&](const std::string& message, const std::string& hint) {
    return Error(ErrorKind::Project, message).at(place_.position).hint(hint);
  };
  std::string region(reply.header("x-amz-bucket-region"));
  if (region.empty()) region = fault.region;
  if (fault.code == "InvalidAccessKeyId")
    throw project(fmt::format("{} knows no access key `{}`", server, place_.s3.keys.access_key_id),
                  "correct `access_key_id` (AWS_ACCESS_KEY_ID, or the profile)");
  if (fault.code == "SignatureDoesNotMatch")
    throw project(fmt::format("{} refuses the secret key of `{}`", server, place_.s3.keys.access_key_id),
                  "correct `secret_access_key` (AWS_SECRET_ACCESS_KEY, or the profile)");
  if (fault.code == "ExpiredToken" || fault.code == "InvalidToken" || fault.code == "TokenRefreshRequired")
    throw project(fmt::format("{} refuses the session token: {}", server, fault.message),
                  "get new keys: `session_token` (AWS_SESSION_TOKEN) expires");
  if (fault.code == "NoSuchBucket")
    throw project(fmt::format("there is no bucket `{}` at {}", bucket_, server), fmt::format("make it, or name another in {}", place_.written_in));
  if (fault.code == "RequestTimeTooSkewed")
    throw project(fmt::format("this machine's clock says {}, and {}'s says {}", to_string(clock_.now()).substr(0, 19), server,
                              std::string(reply.header("date"))),
                  "set the clock: S3 takes no request that is 15 minutes off");
  if (!region.empty() && region != place_.s3.region)
    throw project(fmt::format("the bucket `{}` is in the region `{}`, and `{}` was asked", bucket_, region, place_.s3.region),
                  fmt::format("write `region: {}` in {}, or set AWS_REGION", region, place_.written_in));
  if (fault.code == "InvalidStorageClass") {
    const auto asked = request.headers.find("x-amz-storage-class");
    throw project(fmt::format("the server of the bucket `{}` ({}) does not know the storage class `{}`", bucket_,
                              server, asked == request.headers.end() ? "" : asked->second),
                  "name one that it has, or none");
  }
  if (fault.code == "InvalidObjectState")  // 403 too
    throw Error(
        ErrorKind::Data,
        fmt::format("`{}` rests in an archive class, and can't be read before S3 was asked for it", describe(request)));
  if (reply.status == 403 || fault.code == "AccessDenied")
    throw project(fmt::format("{} of `{}` is denied to `{}`", request.method, describe(request),
                              place_.s3.keys.access_key_id),
                  "the rights that Lochan needs are listed in docs/s3.md");
  if (fault.code == "NoSuchKey" || reply.status == 404)
    throw Error(ErrorKind::NotFound, fmt::format("there is no object `{}`", describe(request)));
  const std::string said = fault.code.empty() ? fmt::format("status {}", reply.status)
                                              : fmt::format("{} ({})", fault.code, fault.message);
  if (may_try_again(reply))
    throw Error(ErrorKind::Unavailable,
                fmt::format("{} of `{}` was answered {}, {} times", request.method, describe(request), said, tries));
  throw Error(ErrorKind::Data, fmt::format("{} of `{}` was answered {}", request.method, describe(request), said))
      .at(place_.position);
}

}  // namespace lochan
