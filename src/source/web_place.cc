// Files on a web server: those that its pages link to, or that are named. What a file is, the server says by its etag,
// else by its time and size.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/http_server.h"
#include "base/temporary_folder.h"
#include "base/text.h"
#include "project/files_config.h"
#include "source/file_place.h"
#include "source/http_address.h"
#include "source/http_caller.h"
#include "source/side_by_side.h"
#include "source/web_links.h"

namespace lochan {
namespace {

constexpr std::uint64_t kFetchedAtOnce = 16u << 20;  // bytes of one request, where the server gives parts
constexpr std::size_t kMaxPages = 10'000;
constexpr std::uintmax_t kUnknownSize = 1;  // of a server that doesn't say it: not empty
const std::string kByTime = "modified ";

std::string encoded(const std::string& name) {
  std::string url;
  for (const std::string& part : text::split(name, '/')) url += (url.empty() ? "" : "/") + percent_encode(part);
  return url;
}

class WebPlace final : public FilePlace {
 public:
  WebPlace(const Connection& connection, const PlaceContext& context)
      : connection_(connection), base_(connection.location + "/"), api_(connection_, context.log, context.is_stopped) {}

  std::vector<FoundFile> list(std::span<const std::string> patterns) override {
    std::vector<std::string> names;
    const auto& given = connection_.files->names;
    if (given.empty()) {
      names = linked(patterns);
    } else {
      for (const LocatedText& name : given)
        if (matches_any(*name, patterns)) names.push_back(*name);
    }
    std::vector<std::optional<FoundFile>> looked(names.size());
    side_by_side(names.size(), api_.settings().concurrency, [&](std::size_t i) { looked[i] = look(names[i]); });
    std::vector<FoundFile> files;
    for (std::optional<FoundFile>& file : looked)
      if (file) files.push_back(*std::move(file));
    std::ranges::sort(files, {}, &FoundFile::name);
    return files;
  }

  std::optional<std::filesystem::path> fetch(const FoundFile& file, const std::filesystem::path& copy) override {
    std::ofstream out(copy, std::ios::binary);
    const bool in_parts = file.size_bytes > kFetchedAtOnce;
    std::uint64_t got = 0;
    do {
      HttpAsk ask = ask_for(file.name);
      if (!file.etag.starts_with(kByTime) && !file.etag.starts_with("W/") && !file.etag.empty())
        ask.headers["If-Match"] = file.etag;
      if (in_parts)
        ask.headers["Range"] =
            fmt::format("bytes={}-{}", got, std::min<std::uint64_t>(got + kFetchedAtOnce, file.size_bytes) - 1);
      const auto reply = call(ask, {404, 410, 412, 416});
      if (!reply || mark_of(*reply) != file.etag) return std::nullopt;
      if (reply->status == 200 && got > 0) return std::nullopt;  // it gave parts before
      out << reply->body;
      got += reply->body.size();
      if (reply->status != 206 || reply->body.empty()) break;
    } while (got < file.size_bytes && out);
    out.close();
    if (!out) throw_not_written(copy);
    if (file.size_bytes != kUnknownSize && got != file.size_bytes) return std::nullopt;
    return copy;
  }

  bool is_unchanged(const FoundFile&) override { return true; }  // fetched as it was listed
  bool is_being_written(const FoundFile&) override { return false; }
  int fetches_at_once() const override { return api_.settings().concurrency; }

 private:
  HttpAsk ask_for(const std::string& name) const {
    return {"GET",
            base_ + encoded(name),
            {{"Accept", "*/*"}, {"Accept-Encoding", "identity"}},
            "",
            name.empty() ? "the list of files" : fmt::format("`{}`", name)};
  }

  /// Nothing for these statuses.
  std::optional<HttpReply> call(const HttpAsk& ask, std::initializer_list<int> expected) {
    std::unique_ptr<HttpCaller> caller;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        caller = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!caller) caller = std::make_unique<HttpCaller>(api_);
    int refused = 0;
    std::optional<HttpReply> reply;
    try {
      reply = caller->call(ask, [&](const std::string&, const HttpReply& answer) { refused = answer.status; });
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Data || refused == 0 || refused == 401 || refused == 403) throw;
      if (std::ranges::find(expected, refused) == expected.end())
        throw Error(error.kind(), error.message()).at(connection_.position).hint("look at the connection's URL");
    }
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(caller));
    return reply;
  }

  static std::string mark_of(const HttpReply& reply) {
    const std::string etag(reply.header("etag"));
    if (!etag.empty()) return etag;
    const std::string_view modified = reply.header("last-modified");
    return modified.empty() ? "" : kByTime + std::string(modified);
  }

  // A name that is no longer there is left out.
  std::optional<FoundFile> look(const std::string& name) {
    HttpAsk ask = ask_for(name);
    ask.method = "HEAD";
    const auto reply = call(ask, {404, 410});
    if (!reply) return std::nullopt;
    FoundFile file{name, kUnknownSize, 0, mark_of(*reply)};
    const std::string_view length = reply->header("content-length");
    std::from_chars(length.data(), length.data() + length.size(), file.size_bytes);
    const std::time_t modified = curl_getdate(std::string(reply->header("last-modified")).c_str(), nullptr);
    if (modified >= 0) file.modified_ns = std::int64_t{modified} * 1'000'000'000;
    return file;
  }

  std::vector<std::string> linked(std::span<const std::string> patterns) {
    const bool is_deep = std::ranges::any_of(patterns, [](const std::string& pattern) {
      return pattern.find('/') != std::string::npos || pattern.find("**") != std::string::npos;
    });
    std::set<std::string> names, folders{""};
    std::vector<std::string> waiting{""};
    while (!waiting.empty()) {
      const std::string folder = waiting.back();
      waiting.pop_back();
      for (const std::string& name : links_of(folder)) {
        if (name.ends_with('/')) {
          if (is_deep && folders.size() < kMaxPages && folders.insert(name).second) waiting.push_back(name);
        } else if (matches_any(name, patterns)) {
          names.insert(name);
        }
      }
    }
    return {names.begin(), names.end()};
  }

  // The names that the page of a folder links to, below the connection's URL.
  std::vector<std::string> links_of(const std::string& folder) {
    HttpAsk ask = ask_for(folder);
    const auto page = call(ask, {404, 405, 410});
    if (!page) {
      if (!folder.empty()) return {};
      throw Error(ErrorKind::NotFound,
                  fmt::format("connection `{}`: no page at `{}` lists its files", connection_.name, api_.shown(base_)))
          .at(connection_.position)
          .hint("correct its URL, or name the files there: `names: [sales.csv]`");
    }
    std::vector<std::string> names;
    for (const std::string& link : links_of_page(page->body, ask.url)) {
      if (!link.starts_with(base_) || link.find_first_of("?#") != std::string::npos) continue;
      const std::string name = percent_decode(link.substr(base_.size())).value_or("");
      if (!name.empty() && name.find("../") == std::string::npos) names.push_back(name);
    }
    return names;
  }

  const Connection connection_;
  const std::string base_;
  HttpApi api_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpCaller>> idle_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<FilePlace> make_web_place(const Connection& connection, const PlaceContext& context) {
  return std::make_unique<WebPlace>(connection, context);
}

}  // namespace lochan
