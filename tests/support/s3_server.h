// A real server of S3 for tests: started by tests/services/s3.sh if it isn't running.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/aws_signature.h"
#include "base/hash.h"
#include "base/http_client.h"
#include "catalog/object_store.h"
#include "tests/support/service.h"

namespace lochan {

class S3Server {
 public:
  /// The one for all tests of a program.
  static const S3Server& get() {
    static const S3Server kServer(run_service("s3"));
    return kServer;
  }

  explicit S3Server(std::map<std::string, std::string> described) : described_(std::move(described)) {}

  std::string endpoint() const { return described_.at("S3_ENDPOINT"); }
  std::string certificate() const { return described_.at("S3_CERTIFICATE"); }
  int port() const { return std::stoi(endpoint().substr(endpoint().rfind(':') + 1)); }

  /// How it is reached: `s3://bucket/prefix`.
  LakePlace place(const std::string& location) const {
    LakePlace place;
    place.location = location;
    place.s3.endpoint = endpoint();
    place.s3.region = "us-east-1";
    place.s3.path_style = true;
    place.s3.keys = {described_.at("S3_ACCESS_KEY_ID"), described_.at("S3_SECRET_ACCESS_KEY"), ""};
    return place;
  }

  /// A signed request past our own client, for what tests set up and look at.
  HttpReply ask(const std::string& method, const std::string& path,
                const std::vector<std::pair<std::string, std::string>>& query = {}, const std::string& body = "",
                std::map<std::string, std::string> headers = {}) const {
    const std::string host = endpoint().substr(endpoint().find("://") + 3);
    const AwsRequest request{method, host, path, query, headers, body};
    HttpCall call{.method = method, .url = endpoint() + path + (query.empty() ? "" : "?" + aws_query(query))};
    headers.merge(sign_aws_request(request, place("").s3.keys, "us-east-1", "s3", SystemClock().now()));
    for (const auto& [name, value] : headers) call.headers.emplace_back(name, value);
    call.body = body;
    HttpClientOptions options;
    options.limits.certificates = certificate();
    return HttpClient(options).send(call);
  }

  /// Makes the bucket if it is missing.
  void make_bucket(const std::string& name, bool has_object_lock = false) const {
    const HttpReply reply =
        ask("PUT", "/" + name, {}, "",
            has_object_lock ? std::map<std::string, std::string>{{"x-amz-bucket-object-lock-enabled", "true"}}
                            : std::map<std::string, std::string>{});
    if (!reply.succeeded() && reply.status != 409)
      throw Error(ErrorKind::Unavailable, fmt::format("the bucket can't be made: {} {}", reply.status, reply.body));
  }

 private:
  std::map<std::string, std::string> described_;
};

}  // namespace lochan
