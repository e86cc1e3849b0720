#include "source/landing.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

// Pages of an API move on; a half-read list of yesterday isn't continued with pages of today.
constexpr std::chrono::hours kResumedWithin{24};
constexpr int kCompression = 3;
constexpr std::string_view kRequestEnding = ".request.json";

std::string compress(std::string_view bytes) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), kCompression);
  if (ZSTD_isError(size)) throw Error(ErrorKind::Internal, fmt::format("zstd: {}", ZSTD_getErrorName(size)));
  packed.resize(size);
  return packed;
}

std::string decompress(const std::string& packed, std::uint64_t size, const std::string& name) {
  std::string bytes(size, '\0');
  const std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) || got != size)
    throw Error(ErrorKind::Data, fmt::format("`{}` of the lake is damaged", name)).hint("remove its folder: the next run asks for it anew");
  return bytes;
}

std::string stem(int sequence, int page) { return fmt::format("{:06}-{:06}", sequence, page); }

Json to_json(const LandedResponse& response) {
  Json json = {{"sequence", response.sequence}, {"page", response.page},       {"url", response.url},
               {"method", response.method},     {"status", response.status},   {"at", to_iso8601(response.at)},
               {"sha256", response.sha256},     {"bytes", response.bytes},     {"stored_bytes", response.stored_bytes},
               {"records", response.records},   {"is_list", response.is_list}, {"ends", response.ends},
               {"next", response.next},         {"total", response.total},     {"signature", response.signature},
               {"reached", response.reached}};
  if (!response.from_parent.empty()) json["from_parent"] = response.from_parent;
  return json;
}

LandedResponse response_from(const Json& json) {
  LandedResponse response;
  response.sequence = json.at("sequence").get<int>();
  response.page = json.at("page").get<int>();
  response.url = json.at("url").get<std::string>();
  response.method = json.at("method").get<std::string>();
  response.status = json.at("status").get<int>();
  response.at = parse_instant(json.at("at").get<std::string>());
  response.sha256 = json.at("sha256").get<std::string>();
  response.bytes = json.at("bytes").get<std::uint64_t>();
  response.stored_bytes = json.at("stored_bytes").get<std::uint64_t>();
  response.records = json.at("records").get<std::int64_t>();
  response.is_list = json.at("is_list").get<bool>();
  response.ends = json.at("ends").get<bool>();
  response.next = json.at("next").get<std::string>();
  response.total = json.at("total").get<std::int64_t>();
  response.signature = json.at("signature").get<std::string>();
  response.reached = json.at("reached").get<std::string>();
  if (json.contains("from_parent")) response.from_parent = json.at("from_parent").get<std::map<std::string, std::string>>();
  return response;
}

Json to_json(const ExtractionStart& start) {
  return {{"fingerprint", start.fingerprint}, {"since", start.since}, {"parent", start.parent}};
}

// "20261121T133000.123456Z", so that names sort as they were made.
std::string name_of(Instant instant) {
  std::string text = to_string(instant).substr(0, 26);
  std::erase_if(text, [](char letter) { return letter == '-' || letter == ':'; });
  std::ranges::replace(text, ' ', 'T');
  return text + "Z";
}

// Each run that goes on with what another one landed leaves `taken-<run>.json` beside it: which it was last, or 0.
constexpr std::string_view kTaken = "taken-";
std::int64_t last_taker(const std::map<std::string, std::uint64_t>& objects) {
  std::int64_t last = 0;
  for (auto at = objects.lower_bound(std::string(kTaken)); at != objects.end() && at->first.starts_with(kTaken); ++at)
    last = std::max(last, parse_integer(at->first.substr(kTaken.size(), at->first.find('.') - kTaken.size())).value_or(0));
  return last;
}

// What isn't there, or was not written to its end, is null.
Json read_json(ObjectStore& store, const std::string& name) {
  try {
    return Json::parse(store.read(name), nullptr, false);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    return nullptr;
  }
}

}  // namespace

LandedExtraction LandedExtraction::open(const Landing& landing, const std::string& connection, const std::string& table,
                                        const ExtractionStart& start, const std::string& used) {
  const std::string folder = fmt::format("{}/{}/{}/", kLandingFolder, connection, table);
  std::map<std::string, std::map<std::string, std::uint64_t>> found;  // extraction → its objects and their sizes
  std::map<std::string, Instant> touched;
  landing.store.list(folder, [&](const ObjectInfo& info) {
    const std::string rest = info.name.substr(folder.size());
    const auto slash = rest.find('/');
    if (slash == std::string::npos) return;
    found[rest.substr(0, slash)][rest.substr(slash + 1)] = info.size_bytes;
    Instant& last = touched[rest.substr(0, slash)];
    last = std::max(last, info.modified_at);
  });
  const Instant now = landing.clock.now();
  if (!found.empty() && found.rbegin()->first != used) {
    LandedExtraction last(landing, folder, found.rbegin()->first);
    const Json begun = read_json(landing.store, last.object("extraction.json"));
    const Json manifest = read_json(landing.store, last.object("manifest.json"));
    const bool is_same = begun.is_object() && begun.value("start", Json()) == to_json(start);
    const std::int64_t by = manifest.is_object() ? std::max(manifest.value("run", std::int64_t{0}), last_taker(found.rbegin()->second)) : 0;
    const bool may_use = manifest.is_object() ? by == landing.run || landing.was_cut_off(by)
                                              : now - touched[last.name_] < kResumedWithin;
    if (is_same && may_use) {
      last.is_resumed_ = true;
      last.is_complete_ = manifest.is_object();
      last.read_responses(found.rbegin()->second);
      if (last.is_complete_ && by != landing.run) last.take();
      return last;
    }
  }
  std::string name = name_of(now);
  if (!found.empty() && name <= found.rbegin()->first) name = found.rbegin()->first + "+";
  LandedExtraction fresh(landing, folder, name);
  const Json begun = {{"connection", connection}, {"table", table}, {"began", to_iso8601(now)}, {"run", landing.run}, {"start", to_json(start)}};
  landing.store.write(fresh.object("extraction.json"), begun.dump(2));
  return fresh;
}

void LandedExtraction::read_responses(const std::map<std::string, std::uint64_t>& objects) {
  for (const auto& [file, size] : objects) {
    if (!file.ends_with(kRequestEnding) || file.find("refused") != std::string::npos) continue;
    const Json json = read_json(landing_->store, object(file));
    if (!json.is_object()) continue;
    LandedResponse response = response_from(json);
    const auto body = objects.find(stem(response.sequence, response.page) + ".json.zst");
    if (body != objects.end() && body->second == response.stored_bytes) responses_.push_back(std::move(response));
  }
  std::ranges::sort(responses_, {}, [](const LandedResponse& response) { return std::pair(response.sequence, response.page); });
}

std::string LandedExtraction::body_name(const LandedResponse& response) const {
  return object(stem(response.sequence, response.page) + ".json.zst");
}

std::string LandedExtraction::read_body(const LandedResponse& response) const {
  const std::string name = body_name(response);
  return decompress(landing_->store.read(name), response.bytes, name);
}

void LandedExtraction::add(LandedResponse response, std::string_view body) {
  const std::string packed = compress(body);
  response.at = landing_->clock.now();
  response.sha256 = sha256(body);
  response.bytes = body.size();
  response.stored_bytes = packed.size();
  landing_->store.write(body_name(response), packed);
  landing_->store.write(object(stem(response.sequence, response.page) + std::string(kRequestEnding)), to_json(response).dump(2));
  const std::lock_guard lock(*mutex_);
  responses_.push_back(std::move(response));
}

std::string LandedExtraction::add_refused(int sequence, int page, const std::string& url, int status, std::string_view body) {
  const std::string at = name_of(landing_->clock.now());
  const std::string name = object(fmt::format("{}-refused-{}", stem(sequence, page), at));
  const Json json = {{"sequence", sequence}, {"page", page}, {"url", url}, {"status", status}, {"at", at}, {"sha256", sha256(body)}, {"bytes", body.size()}};
  landing_->store.write(name + ".zst", compress(body));
  landing_->store.write(name + std::string(kRequestEnding), json.dump(2));
  return name + ".zst";
}

// It is this run's now: once that has ended, the other side is asked anew, though nothing of it was new.
void LandedExtraction::take() {
  const Json taken = {{"run", landing_->run}, {"at", to_iso8601(landing_->clock.now())}};
  landing_->store.write(object(fmt::format("{}{}.json", kTaken, landing_->run)), taken.dump());
}

void LandedExtraction::complete() {
  std::ranges::sort(responses_, {}, [](const LandedResponse& response) { return std::pair(response.sequence, response.page); });
  if (is_complete_) return;
  Json list = Json::array();
  for (const LandedResponse& response : responses_) list.push_back(to_json(response));
  const Json manifest = {{"ended", to_iso8601(landing_->clock.now())}, {"run", landing_->run}, {"responses", std::move(list)}};
  landing_->store.write(object("manifest.json"), manifest.dump(1));
  is_complete_ = true;
}

}  // namespace lochan
