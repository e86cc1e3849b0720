// A store that passes everything on to another: what a test's own store begins with.
#pragma once

#include "catalog/object_store.h"

namespace lochan {

class PassingStore : public ObjectStore {
 public:
  explicit PassingStore(ObjectStore& store) : store_(store) {}
  std::string uri(std::string_view name) const override { return store_.uri(name); }
  std::optional<std::string> name_of(std::string_view uri) const override { return store_.name_of(uri); }
  std::string read(std::string_view name) override { return store_.read(name); }
  std::optional<ObjectInfo> stat(std::string_view name) override { return store_.stat(name); }
  void create(std::string_view name, std::string_view bytes) override { store_.create(name, bytes); }
  void write(std::string_view name, std::string_view bytes) override { store_.write(name, bytes); }
  void download(std::string_view name, const std::filesystem::path& file) override { store_.download(name, file); }
  void upload(std::string_view name, const std::filesystem::path& file) override { store_.upload(name, file); }
  void remove(std::span<const std::string> names) override { store_.remove(names); }
  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) override { store_.list(prefix, found); }
  void sync() override { store_.sync(); }
  void make_folder(std::string_view name) override { store_.make_folder(name); }
  void check() override { store_.check(); }
  std::map<std::string, std::string> table_config(std::string_view name, Keys keys) const override {
    return store_.table_config(name, keys);
  }

 private:
  ObjectStore& store_;
};

}  // namespace lochan
