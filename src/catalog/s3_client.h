// Requests to one bucket: signed, tried again where that may help, and their refusals told in words.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "catalog/object_store.h"
#include "project/project.h"

namespace lochan {

struct S3Request {
  std::string method = "GET";
  std::string key{};  // "" for the bucket itself
  std::vector<std::pair<std::string, std::string>> query{};
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};
};

/// May be shared between threads.
class S3Client {
 public:
  S3Client(const LakePlace& place, const Clock& clock, const S3StoreOptions& options);

  const std::string& bucket() const { return bucket_; }
  /// Below which all keys lie, with a slash at its end; "" for the whole bucket.
  const std::string& prefix() const { return prefix_; }

  /// The answer where it succeeded, or has one of these statuses. Throws otherwise: Error{Unavailable} when another
  /// attempt may help and none did, Error{Project} for keys, bucket, region and rights, Error{NotFound} for an object
  /// that isn't there.
  HttpReply send(const S3Request& request, std::initializer_list<int> expected = {});
  /// How far the server's clock is before ours, as its last answer had it; whole seconds.
  std::chrono::seconds server_ahead() const;

 private:
  class Tries;
  std::optional<HttpReply> try_once(const S3Request& request, const Tries& tries);
  HttpReply send_once(const S3Request& request);
  HttpReply exchange(const HttpCall& call);
  bool may_try_again(const HttpReply& reply) const;
  void wait_before(int attempt) const;
  void note_clock(const HttpReply& reply);
  void note_answer(bool was_given);
  [[noreturn]] void refuse(const S3Request& request, const HttpReply& reply, int tries) const;
  std::string describe(const S3Request& request) const;

  const LakePlace place_;
  const Clock& clock_;
  const S3StoreOptions options_;
  std::string bucket_, prefix_, scheme_, host_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<HttpClient>> idle_;  // guarded by mutex_
  std::chrono::seconds server_ahead_{0};           // guarded by mutex_
  bool is_away_ = false;                           // the last request was given up without an answer; guarded by mutex_
};

}  // namespace lochan
