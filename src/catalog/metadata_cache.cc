#include "catalog/metadata_cache.h"

#include <fmt/format.h>

#include "base/error.h"

namespace lochan {
namespace {

std::string_view pinned_key(Pinned by, bool is_ahead) {
  if (by == Pinned::Branch) return is_ahead ? "branch, ahead " : "branch ";
  return is_ahead ? "publication, ahead " : "publication ";
}

}  // namespace

std::string MetadataCache::name_of(const std::string& location) const {
  const std::string root = store_.root_uri() + "/";
  if (!location.starts_with(root))
    throw Error(ErrorKind::Data, fmt::format("`{}` is not in the lake `{}`", location, store_.root_uri()))
        .hint("the lake was moved: its files name each other by their full path");
  return location.substr(root.size());
}

std::shared_ptr<const Json> MetadataCache::read(const std::string& location) {
  if (auto found = find(location)) return found;
  const std::string text = store_.read(name_of(location));
  try {
    return keep(location, std::make_shared<const Json>(Json::parse(text)), text.size());
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Data, fmt::format("`{}` is damaged: {}", location, failure.what()));
  }
}

std::shared_ptr<const Json> MetadataCache::write(const std::string& location, Json metadata) {
  const std::string text = metadata.dump();
  store_.write(name_of(location), text);
  return keep(location, std::make_shared<const Json>(std::move(metadata)), text.size());
}

std::shared_ptr<const Json> MetadataCache::read_pinned(const std::string& location, Pinned by, std::int64_t now_ms) {
  const std::shared_ptr<const Json> plain = read(location);
  const std::string key = fmt::format("{}{}", pinned_key(by, is_ahead(*plain, now_ms)), location);
  if (auto found = find(key)) return found;
  Json metadata = pinned_metadata(*plain, by, now_ms);
  const std::size_t bytes = metadata.dump().size();
  return keep(key, std::make_shared<const Json>(std::move(metadata)), bytes);
}

std::shared_ptr<const Json> MetadataCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found->second);
  return found->second->metadata;
}

std::shared_ptr<const Json> MetadataCache::keep(const std::string& key, std::shared_ptr<const Json> metadata,
                                                std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) return found->second->metadata;
  kept_.push_front({key, metadata, bytes});
  by_key_[key] = kept_.begin();
  bytes_ += bytes;
  while (bytes_ > max_bytes_ && kept_.size() > 1) {
    bytes_ -= kept_.back().bytes;
    by_key_.erase(kept_.back().key);
    kept_.pop_back();
  }
  return metadata;
}

}  // namespace lochan
