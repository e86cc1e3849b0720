// Files in a bucket: their names are new ones, and the numbered objects of `_lochan/` say which of them are the table.
// The next number is made by whoever is first, so of two writers one begins anew; afterwards what is no longer named
// goes.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/temporary_folder.h"
#include "sink/alive_mark.h"
#include "sink/sink_place.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kOurs = "_lochan/";
constexpr std::string_view kBegun = "_lochan/begun-";  // and a writer's id: files of this name may be there
constexpr std::chrono::hours kLongestWrite{24};        // so old, another host's writing counts as dead

std::string manifest_name(std::int64_t number) { return fmt::format("{}{:010}.json", kOurs, number); }

class SinkBucket final : public SinkPlace {
 public:
  explicit SinkBucket(std::unique_ptr<ObjectStore> store) : store_(std::move(store)) {}
  ~SinkBucket() override {
    // What may have been committed stays: the next one knows.
    if (state_ == State::Begun) remove_quietly(uploaded_);
    if (state_ == State::Begun || state_ == State::Done) remove_quietly({std::string(kBegun) + alive_.id()});
  }

  std::string shown() const override { return store_->root_uri(); }
  const std::string& id() const override { return alive_.id(); }

  std::optional<std::string> manifest() override {
    look();
    return number_ == 0 ? std::nullopt : std::optional(manifest_);
  }

  // Without those that others are just writing, or were when they died.
  std::map<std::string, std::uint64_t> files() override {
    auto files = there_;
    std::erase_if(files, [&](const auto& file) {
      return !named_.contains(file.first) && std::ranges::any_of(begun_, [&](const ObjectInfo& begun) {
        return file.first.find(begun.name.substr(kBegun.size())) != std::string::npos;
      });
    });
    return files;
  }

  const fs::path& staging() override { return staging_.path(); }

  void commit(const FileChange& change) override {
    state_ = State::Begun;
    store_->create(std::string(kBegun) + alive_.id(), AliveMark::host());
    for (const std::string& name : change.added) {
      uploaded_.push_back(name);
      store_->upload(name, staging_.path() / name);
    }
    name_files(change.manifest);
    // From here on all is there. What can't be removed now, a later commit removes: manifests go after their files.
    remove_quietly(leftovers(change));
    std::vector<std::string> old;
    for (const std::int64_t number : numbers_) old.push_back(manifest_name(number));
    remove_quietly(old);
  }

 private:
  enum class State { Idle, Begun, Unsure, Done };

  void name_files(const std::string& manifest) {
    state_ = State::Unsure;
    try {
      store_->create(manifest_name(number_ + 1), manifest);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Unavailable) throw Error(ErrorKind::CommitUnknown, error.message());
      state_ = State::Begun;
      throw;
    }
    state_ = State::Done;
  }

  void look() {
    there_.clear();
    numbers_.clear();
    begun_.clear();
    named_.clear();
    number_ = 0;
    store_->list("", [&](const ObjectInfo& found) {
      if (found.name.starts_with(kBegun)) {
        begun_.push_back(found);
      } else if (found.name.starts_with(kOurs)) {
        std::int64_t number = 0;
        const std::string digits = found.name.substr(kOurs.size());
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        numbers_.push_back(number);
        number_ = std::max(number_, number);
      } else {
        there_[found.name] = found.size_bytes;
      }
    });
    if (number_ == 0) return;
    manifest_ = store_->read(manifest_name(number_));
    // Earlier ones are there when their files could not be removed.
    for (const std::int64_t number : numbers_) {
      const Json manifest =
          Json::parse(number == number_ ? manifest_ : store_->read(manifest_name(number)), nullptr, false);
      if (manifest.is_object() && manifest.contains("files"))
        for (const Json& file : manifest["files"]) named_.insert(file.value("name", ""));
    }
  }

  // Files that the last manifests named and this one doesn't, and what dead writers left.
  std::vector<std::string> leftovers(const FileChange& change) {
    const std::set<std::string> kept(change.kept.begin(), change.kept.end());
    std::vector<std::string> gone;
    for (const std::string& name : named_)
      if (!kept.contains(name) && there_.contains(name)) gone.push_back(name);
    for (const ObjectInfo& begun : begun_) {
      const std::string id = begun.name.substr(kBegun.size());
      const bool is_old = begun.modified_at + kLongestWrite < SystemClock().now();
      if (!is_old && !AliveMark::is_dead(store_->read(begun.name), id)) continue;
      for (const auto& [name, size] : there_)
        if (name.find(id) != std::string::npos && !named_.contains(name)) gone.push_back(name);
      gone.push_back(begun.name);
    }
    return gone;
  }

  void remove_quietly(const std::vector<std::string>& names) noexcept {
    try {
      store_->remove(names);
    } catch (const std::exception&) {
      // Files that no manifest names: the next commit, or the one after a day, removes them.
    }
  }

  const AliveMark alive_;
  const std::unique_ptr<ObjectStore> store_;
  TemporaryFolder staging_;
  std::int64_t number_ = 0;  // of the last manifest
  std::string manifest_;
  std::set<std::string> named_;  // by it, and by those before it
  std::vector<std::int64_t> numbers_;
  std::map<std::string, std::uint64_t> there_;
  std::vector<ObjectInfo> begun_;
  std::vector<std::string> uploaded_;
  State state_ = State::Idle;
};

}  // namespace

std::unique_ptr<SinkPlace> make_sink_bucket(std::unique_ptr<ObjectStore> store) {
  return std::make_unique<SinkBucket>(std::move(store));
}

}  // namespace lochan
