// A lake with layers that have places of their own.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "catalog/object_store.h"

namespace lochan {
namespace {

class LayeredStore final : public ObjectStore {
 public:
  LayeredStore(std::unique_ptr<ObjectStore> main, std::map<std::string, std::unique_ptr<ObjectStore>> layers)
      : main_(std::move(main)), layers_(std::move(layers)) {}

  std::string uri(std::string_view name) const override {
    const auto [store, inner, prefix] = find(name);
    return store.uri(inner);
  }

  std::optional<std::string> name_of(std::string_view uri) const override {
    for (const auto& [layer, store] : layers_)
      if (const auto inner = store->name_of(uri)) return layer + "/" + *inner;
    return main_->name_of(uri);
  }

  std::string read(std::string_view name) override { return find(name).store.read(find(name).name); }
  std::optional<ObjectInfo> stat(std::string_view name) override {
    const auto [store, inner, prefix] = find(name);
    auto info = store.stat(inner);
    if (info) info->name.insert(0, prefix);
    return info;
  }
  void create(std::string_view name, std::string_view bytes) override { find(name).store.create(find(name).name, bytes); }
  void write(std::string_view name, std::string_view bytes) override { find(name).store.write(find(name).name, bytes); }
  void download(std::string_view name, const std::filesystem::path& file) override {
    find(name).store.download(find(name).name, file);
  }
  void upload(std::string_view name, const std::filesystem::path& file) override {
    find(name).store.upload(find(name).name, file);
  }

  void remove(std::span<const std::string> names) override {
    std::map<ObjectStore*, std::vector<std::string>> by_store;
    for (const std::string& name : names) {
      const auto [store, inner, prefix] = find(name);
      by_store[&store].emplace_back(inner);
    }
    for (const auto& [store, inner] : by_store) store->remove(inner);
  }

  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) override {
    const auto renamed = [&](std::string_view layer) {
      return [&found, before = std::string(layer) + "/"](const ObjectInfo& info) {
        found({before + info.name, info.size_bytes, info.modified_at});
      };
    };
    if (const auto [store, inner, before] = find(prefix); !before.empty())
      return store.list(inner, renamed(before.substr(0, before.size() - 1)));
    // What the main place may still have of a layer that lies elsewhere is none of the lake's.
    main_->list(prefix, [&](const ObjectInfo& info) {
      if (find(info.name).prefix.empty()) found(info);
    });
    for (const auto& [layer, store] : layers_)
      if (layer.starts_with(prefix)) store->list("", renamed(layer));
  }

  void sync() override {
    main_->sync();
    for (const auto& [layer, store] : layers_) store->sync();
  }
  void make_folder(std::string_view name) override { find(name).store.make_folder(find(name).name); }
  void check() override {
    main_->check();
    for (const auto& [layer, store] : layers_) store->check();
  }
  std::map<std::string, std::string> table_config(std::string_view name, Keys keys) const override {
    return find(name).store.table_config(find(name).name, keys);
  }

 private:
  struct Found {
    ObjectStore& store;
    std::string_view name;
    std::string prefix;  // "raw/"; "" of the main place
  };

  Found find(std::string_view name) const {
    const auto slash = name.find('/');
    const auto layer = slash == std::string_view::npos ? layers_.end() : layers_.find(std::string(name.substr(0, slash)));
    if (layer == layers_.end()) return {*main_, name, ""};
    return {*layer->second, name.substr(slash + 1), layer->first + "/"};
  }

  const std::unique_ptr<ObjectStore> main_;
  const std::map<std::string, std::unique_ptr<ObjectStore>> layers_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_layered_store(std::unique_ptr<ObjectStore> main,
                                                std::map<std::string, std::unique_ptr<ObjectStore>> layers) {
  return std::make_unique<LayeredStore>(std::move(main), std::move(layers));
}

std::unique_ptr<ObjectStore> open_lake_store(const Project& project, const Clock& clock) {
  const auto open = [&](const LakePlace& place, const S3StoreOptions& options) {
    return place.is_on_s3() ? make_s3_store(place, clock, options) : make_local_store(place.location);
  };
  auto main = open(project.lake, {});
  std::map<std::string, std::unique_ptr<ObjectStore>> layers;
  for (const auto& [name, layer] : project.layers)
    if (layer.lake) layers[name] = open(*layer.lake, {.object_lock = layer.object_lock});
  if (layers.empty()) return main;
  return make_layered_store(std::move(main), std::move(layers));
}

std::vector<Error> find_unusable_places(const Project& project, const Clock& clock) {
  std::vector<Error> found;
  const auto check = [&](const LakePlace& place, S3StoreOptions options) {
    options.attempts = 2;  // somebody waits for the answer
    try {
      if (place.is_on_s3()) make_s3_store(place, clock, options)->check();
    } catch (const Error& error) {
      found.push_back(error);
    }
  };
  check(project.lake, {});
  for (const auto& [name, layer] : project.layers)
    if (layer.lake) check(*layer.lake, {.object_lock = layer.object_lock});
  for (const auto& [name, layer] : project.layers)
    if (layer.archive) check(*layer.archive, {});
  return found;
}

void check_object_name(std::string_view name, std::string_view root_uri) {
  const auto parts = text::split(name, '/');
  const bool is_plain = std::ranges::none_of(parts, [](std::string_view part) {
    return part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos;
  });
  if (!is_plain) throw Error(ErrorKind::Data, fmt::format("`{}` is no name in the lake `{}`", name, root_uri));
}

}  // namespace lochan
