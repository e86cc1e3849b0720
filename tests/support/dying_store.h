// A store whose process dies at the n-th thing it does to it, before or after it was done; and a process that may die.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include "catalog/object_store.h"

namespace lochan {

class DyingStore final : public ObjectStore {
 public:
  DyingStore(ObjectStore& store, int lives) : store_(store), lives_(lives) {}
  std::string root_uri() const override { return store_.root_uri(); }
  std::string read(std::string_view name) override { return store_.read(name); }
  void write(std::string_view name, std::string_view bytes) override {
    step();
    store_.write(name, bytes);
    step();
  }
  void remove(std::string_view name) override {
    step();
    store_.remove(name);
    step();
  }
  void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) override {
    store_.list(prefix, found);
  }
  void sync() override {
    step();
    store_.sync();
    step();
  }
  void make_folder(std::string_view name) override { store_.make_folder(name); }
  std::map<std::string, std::string> table_config() const override { return store_.table_config(); }

  void step() {
    if (lives_-- == 0) ::_exit(9);
  }

 private:
  ObjectStore& store_;
  int lives_;
};

/// Runs `work` in a process of its own, from which nothing is tidied up; true when it returned true.
template <typename Work>
bool lives_to_the_end(Work&& work) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    bool is_done = false;
    try {
      is_done = work();
    } catch (const std::exception&) {
    }
    ::_exit(is_done ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace lochan
