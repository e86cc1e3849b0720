// Files in a bucket of S3: listed with their etags, and fetched as they were listed or not at all.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "catalog/s3_client.h"
#include "catalog/s3_reply.h"
#include "project/files_config.h"
#include "source/file_place.h"

namespace lochan {
namespace {

constexpr std::uint64_t kFetchedAtOnce = 16u << 20;  // bytes of one request
constexpr int kFetchers = 8;

// As far as no pattern has a letter that stands for others: what lies elsewhere need not be listed.
std::string common_start(std::span<const std::string> patterns) {
  std::string common;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string start = patterns[i].substr(0, patterns[i].find_first_of("*?[\\"));
    if (i == 0) common = start;
    common.resize(static_cast<std::size_t>(std::ranges::mismatch(common, start).in1 - common.begin()));
  }
  return common;
}

class BucketPlace final : public FilePlace {
 public:
  BucketPlace(const Connection& connection, const PlaceContext& context)
      : name_(connection.name), context_(context), client_(connection.files->bucket, clock_, {}) {}

  std::vector<FoundFile> list(std::span<const std::string> patterns) override {
    std::vector<FoundFile> files;
    S3Request request{.query = {{"list-type", "2"}, {"encoding-type", "url"}}};
    request.query.emplace_back("prefix", client_.prefix() + common_start(patterns));
    for (bool is_first = true;; is_first = false) {
      const S3Page page = read_s3_page(send(request).body);
      for (const ObjectInfo& info : page.objects) add(info, patterns, files);
      if (page.next.empty()) break;
      if (!is_first) request.query.pop_back();
      request.query.emplace_back("continuation-token", page.next);
    }
    std::ranges::sort(files, {}, &FoundFile::name);
    return files;
  }

  std::optional<std::filesystem::path> fetch(const FoundFile& file, const std::filesystem::path& copy) override {
    std::ofstream out(copy, std::ios::binary);
    for (std::uint64_t from = 0; from < file.size_bytes && out; from += kFetchedAtOnce) {
      if (context_.is_stopped())
        throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: interrupted", name_));
      const std::uint64_t last = std::min<std::uint64_t>(from + kFetchedAtOnce, file.size_bytes) - 1;
      const HttpReply reply =
          send({.key = client_.prefix() + file.name,
                .headers = {{"range", fmt::format("bytes={}-{}", from, last)}, {"if-match", file.etag}}},
               {404, 412});
      if (!reply.succeeded()) return std::nullopt;
      out << reply.body;
    }
    out.close();
    if (!out) throw_not_written(copy);
    return copy;
  }

  bool is_unchanged(const FoundFile&) override { return true; }       // fetched by its etag
  bool is_being_written(const FoundFile&) override { return false; }  // objects are there whole or not at all
  int fetches_at_once() const override { return kFetchers; }

 private:
  void add(const ObjectInfo& info, std::span<const std::string> patterns, std::vector<FoundFile>& files) const {
    if (!info.name.starts_with(client_.prefix())) return;
    std::string name = info.name.substr(client_.prefix().size());
    if (!matches_any(name, patterns)) return;
    const std::int64_t modified_ns = (to_micros(info.modified_at - client_.server_ahead())) * 1'000;
    files.push_back({std::move(name), info.size_bytes, modified_ns, info.etag});
  }

  HttpReply send(const S3Request& request, std::initializer_list<int> expected = {}) {
    try {
      return client_.send(request, expected);
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("connection `{}`: {}", name_, error.message()))
          .at(error.position())
          .hint(error.hint());
    }
  }

  const std::string name_;
  const PlaceContext context_;
  const SystemClock clock_;
  S3Client client_;
};

}  // namespace

std::unique_ptr<FilePlace> make_bucket_place(const Connection& connection, const PlaceContext& context) {
  return std::make_unique<BucketPlace>(connection, context);
}

}  // namespace lochan
