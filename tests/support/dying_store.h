// A store whose process dies at the n-th thing it does to it, before or after it was done; and a process that may die.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "tests/support/passing_store.h"

namespace lochan {

class DyingStore final : public PassingStore {
 public:
  DyingStore(ObjectStore& store, int lives) : PassingStore(store), lives_(lives) {}
  using ObjectStore::remove;
  void create(std::string_view name, std::string_view bytes) override {
    step();
    PassingStore::create(name, bytes);
    step();
  }
  void write(std::string_view name, std::string_view bytes) override {
    step();
    PassingStore::write(name, bytes);
    step();
  }
  void upload(std::string_view name, const std::filesystem::path& file) override {
    step();
    PassingStore::upload(name, file);
    step();
  }
  void remove(std::span<const std::string> names) override {
    step();
    PassingStore::remove(names);
    step();
  }
  void sync() override {
    step();
    PassingStore::sync();
    step();
  }

  void step() {
    if (lives_.fetch_sub(1) == 0) ::_exit(9);
  }

 private:
  std::atomic<int> lives_;  // several threads may write
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
