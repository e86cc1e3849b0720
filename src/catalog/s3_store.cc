// The lake in a bucket of S3, or of a server that speaks as S3 does.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/object_store.h"
#include "catalog/resting_objects.h"
#include "catalog/s3_client.h"
#include "catalog/s3_reply.h"
#include "catalog/s3_upload.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kRemovedAtOnce = 1000;            // what DeleteObjects takes
constexpr std::uint64_t kDownloadedAtOnce = 16u << 20;
constexpr std::chrono::seconds kCoarseTime{2};          // times are whole seconds, the server's clock and `Date` both

std::string in_xml(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '&') escaped += "&amp;";
    else if (letter == '<') escaped += "&lt;";
    else if (letter == '>') escaped += "&gt;";
    else escaped += letter;
  }
  return escaped;
}

int number_in(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class S3Store final : public ObjectStore, public RestingObjects {
 public:
  S3Store(const LakePlace& place, const Clock& clock, const S3StoreOptions& options)
      : place_(place), clock_(clock), options_(options), client_(place, clock, options) {}

  std::string uri(std::string_view name) const override {
    return place_.location + (name.empty() ? "" : "/") + std::string(name);
  }

  // Hadoop, and so Spark, may write `s3a://` for what we call `s3://`.
  std::optional<std::string> name_of(std::string_view uri) const override {
    std::string place(uri);
    if (place.starts_with("s3a://") || place.starts_with("s3n://")) place.erase(2, 1);
    const std::string root = place_.location + "/";
    return place.starts_with(root) ? std::optional(place.substr(root.size())) : std::nullopt;
  }

  std::string read(std::string_view name) override { return client_.send({.key = key(name)}).body; }

  std::optional<ObjectInfo> stat(std::string_view name) override {
    const HttpReply reply = client_.send({.method = "HEAD", .key = key(name)}, {404});
    if (reply.status == 404) return std::nullopt;
    ObjectInfo info{std::string(name), 0, clock_.now()};
    const std::string_view size = reply.header("content-length");
    std::from_chars(size.data(), size.data() + size.size(), info.size_bytes);
    const std::time_t at = curl_getdate(std::string(reply.header("last-modified")).c_str(), nullptr);
    if (at >= 0) info.modified_at = by_our_clock(instant_from_micros(std::int64_t{at} * 1'000'000));
    return info;
  }

  void create(std::string_view name, std::string_view bytes) override {
    S3Request request = put(name, bytes);
    request.headers["if-none-match"] = "*";
    // Refused: it was written by an attempt whose answer was lost, or by somebody else.
    if (client_.send(request, {412}).status != 412 || read(name) == bytes) return;
    throw Error(ErrorKind::Conflict, fmt::format("there is an object `{}` already", uri(name)));
  }

  void write(std::string_view name, std::string_view bytes) override { client_.send(put(name, bytes)); }

  void download(std::string_view name, const fs::path& file) override {
    const HttpReply head = client_.send({.method = "HEAD", .key = key(name)});
    const std::string_view length = head.header("content-length");
    std::uint64_t size = 0;
    std::from_chars(length.data(), length.data() + length.size(), size);
    const fs::path beside = file.string() + "." + random_uuid();
    std::error_code ignored;
    fs::create_directories(file.parent_path(), ignored);
    std::ofstream out(beside, std::ios::binary);
    for (std::uint64_t from = 0; from < size && out; from += kDownloadedAtOnce) {
      const std::uint64_t last = std::min(from + kDownloadedAtOnce, size) - 1;
      const HttpReply part = client_.send({.key = key(name), .headers = {{"range", fmt::format("bytes={}-{}", from, last)},
                                                                         {"if-match", std::string(head.header("etag"))}}});
      out << part.body;
    }
    out.close();
    if (out) fs::rename(beside, file, ignored);
    if (out && !ignored) return;
    const int failed = errno;
    fs::remove(beside, ignored);
    throw_file_error("write", file, failed);
  }

  void upload(std::string_view name, const fs::path& file) override {
    S3Request request = put(name, "");
    if (!options_.storage_class.empty()) request.headers["x-amz-storage-class"] = options_.storage_class;
    upload_to_s3(client_, std::move(request), file);
  }

  ObjectRest rest_of_object(std::string_view name) override {
    const HttpReply head = client_.send({.method = "HEAD", .key = key(name)});
    return rest_of(head.header("x-amz-storage-class"), head.header("x-amz-restore"),
                   head.header("x-amz-archive-status"));
  }

  // RestoreObject answers 202 where a copy is made now, and 200 where there is one, which then stays longer.
  void wake(std::string_view name, const ObjectRest& object, int days, RetrievalTier tier) override {
    S3Request request{.method = "POST", .key = key(name), .query = {{"restore", ""}}};
    request.body = fmt::format(
        R"(<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}<GlacierJobParameters><Tier>{}</Tier></GlacierJobParameters></RestoreRequest>)",
        object.sank ? "" : fmt::format("<Days>{}</Days>", days), to_string(tier));
    request.headers = {{"content-md5", md5_base64(request.body)}, {"content-type", "application/xml"}};
    const HttpReply reply = client_.send(request, {409});
    const S3Fault fault = read_s3_fault(reply.body);
    if (reply.succeeded() || fault.code == "RestoreAlreadyInProgress") return;
    throw Error(ErrorKind::Unavailable,
                fmt::format("asking for `{}` was answered {} ({})", uri(name), fault.code, fault.message));
  }

  void remove(std::span<const std::string> names) override {
    for (std::size_t begin = 0; begin < names.size(); begin += kRemovedAtOnce) {
      const auto some = names.subspan(begin, std::min(kRemovedAtOnce, names.size() - begin));
      std::string body = "<Delete><Quiet>true</Quiet>";
      for (const std::string& name : some) body += fmt::format("<Object><Key>{}</Key></Object>", in_xml(key(name)));
      body += "</Delete>";
      S3Request request{.method = "POST", .query = {{"delete", ""}}, .headers = {{"content-md5", md5_base64(body)}}};
      request.headers["content-type"] = "application/xml";
      request.body = std::move(body);
      if (const std::string failed = failed_removal(client_.send(request).body); !failed.empty())
        throw Error(ErrorKind::Data, fmt::format("`{}` can't be removed: {}", client_.bucket(), failed))
            .at(place_.position)
            .hint("the right `s3:DeleteObject` is needed where the layer isn't immutable");
    }
  }

  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) override {
    S3Request request{.query = {{"list-type", "2"}, {"encoding-type", "url"}}};
    request.query.emplace_back("prefix", client_.prefix() + std::string(prefix));
    for (std::string next;;) {
      S3Page page = read_s3_page(client_.send(request).body);
      for (ObjectInfo& info : page.objects) {
        if (!info.name.starts_with(client_.prefix()) || info.name.ends_with('/')) continue;  // a console's "folder"
        info.name.erase(0, client_.prefix().size());
        info.modified_at = by_our_clock(info.modified_at);
        found(info);
      }
      if (page.next.empty()) return;
      if (!next.empty()) request.query.pop_back();
      next = page.next;
      request.query.emplace_back("continuation-token", next);
    }
  }

  void sync() override {}                        // an answered write is a lasting one
  void make_folder(std::string_view) override {}

  void check() override {
    client_.send({.query = {{"list-type", "2"}, {"max-keys", "1"}, {"prefix", client_.prefix()}}});
    if (place_.s3.encryption != Encryption::Bucket) check_encryption();
    if (options_.object_lock) check_object_lock();
  }

  std::map<std::string, std::string> table_config(std::string_view, Keys keys) const override {
    const S3Access& s3 = place_.s3;
    std::map<std::string, std::string> config{{"s3.region", s3.region}, {"client.region", s3.region}};
    if (!s3.endpoint.empty()) config["s3.endpoint"] = s3.endpoint;
    config["s3.path-style-access"] = s3.path_style.value_or(false) ? "true" : "false";
    const AwsKeys none;
    const AwsKeys& given = keys == Keys::Own ? s3.keys : keys == Keys::Vended && s3.vended ? *s3.vended : none;
    if (given.is_empty()) return config;
    config["s3.access-key-id"] = given.access_key_id;
    config["s3.secret-access-key"] = given.secret_access_key;
    if (!given.session_token.empty()) config["s3.session-token"] = given.session_token;
    return config;
  }

 private:
  std::string key(std::string_view name) const {
    check_object_name(name, place_.location);
    return client_.prefix() + std::string(name);
  }

  Instant by_our_clock(Instant server) const { return server - client_.server_ahead() + kCoarseTime; }

  // The checksum is what a bucket with an object lock asks for.
  S3Request put(std::string_view name, std::string_view bytes) const {
    S3Request request{.method = "PUT", .key = key(name), .headers = {{"content-type", "application/octet-stream"}}};
    if (!bytes.empty()) request.headers["content-md5"] = md5_base64(bytes);
    request.body = std::string(bytes);
    return request;
  }

  // The engine can't ask for an encryption of its files, so the bucket must do it by itself.
  void check_encryption() {
    const HttpReply reply = client_.send({.query = {{"encryption", ""}}}, {404});
    const std::string found = reply.status == 404 ? "" : s3_element(reply.body, "SSEAlgorithm");
    const std::string key = reply.status == 404 ? "" : s3_element(reply.body, "KMSMasterKeyID");
    const std::string wanted = place_.s3.encryption == Encryption::Kms ? "aws:kms" : "AES256";
    const std::string& wanted_key = place_.s3.kms_key;
    if (found == wanted && (wanted_key.empty() || key == wanted_key || key.ends_with("/" + wanted_key))) return;
    throw Error(ErrorKind::Project,
                fmt::format("the bucket `{}` encrypts new objects by {}, wanted {}", client_.bucket(),
                            found.empty() ? "nothing" : "`" + found + (key.empty() ? "`" : "` with the key `" + key + "`"),
                            "`" + wanted + (wanted_key.empty() ? "`" : "` with the key `" + wanted_key + "`")))
        .at(place_.position)
        .hint("set the bucket's default encryption: the engine's files are encrypted by it alone; see docs/s3.md");
  }

  void check_object_lock() {
    const HttpReply reply = client_.send({.query = {{"object-lock", ""}}}, {404, 400});
    const int days = number_in(s3_element(reply.body, "Days")) + 365 * number_in(s3_element(reply.body, "Years"));
    const auto wanted = std::chrono::ceil<std::chrono::days>(*options_.object_lock).count();
    if (reply.succeeded() && s3_element(reply.body, "ObjectLockEnabled") == "Enabled" && days >= wanted) return;
    throw Error(ErrorKind::Project,
                fmt::format("the bucket `{}` keeps new objects for {} days, wanted {}", client_.bucket(), days, wanted))
        .at(place_.position)
        .hint("make the bucket with an object lock, and set its default retention; see docs/s3.md");
  }

  const LakePlace place_;
  const Clock& clock_;
  const S3StoreOptions options_;
  S3Client client_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_s3_store(const LakePlace& place, const Clock& clock, S3StoreOptions options) {
  return std::make_unique<S3Store>(place, clock, options);
}

}  // namespace lochan
