#include "engine/engine.h"

#include <mutex>
#include <utility>

#include "engine/instance.h"
#include "engine/session_impl.h"

namespace lochan {

class Engine::Impl {
 public:
  explicit Impl(EngineOptions options) : options_(std::move(options)) {}

  std::shared_ptr<Instance> instance(bool has_lake) {
    const std::lock_guard lock(mutex_);
    if (!instance_) instance_ = std::make_shared<Instance>(options_, has_lake);
    has_lake_ = has_lake_ || has_lake;
    return instance_;
  }
  std::shared_ptr<Instance> open_instance() const {
    const std::lock_guard lock(mutex_);
    return instance_;
  }
  void reopen() {
    const std::lock_guard lock(mutex_);
    auto fresh = std::make_shared<Instance>(options_, has_lake_);
    instance_ = std::move(fresh);
  }
  void open_with_threads(int threads) {
    const std::lock_guard lock(mutex_);
    options_.threads = threads;
  }

 private:
  EngineOptions options_;  // guarded by mutex_
  bool has_lake_ = false;  // a session had; guarded by mutex_
  mutable std::mutex mutex_;
  // Shared with the sessions: those of an invalidated instance outlive its place here. Guarded by mutex_.
  std::shared_ptr<Instance> instance_;
};

Engine::Engine(EngineOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Engine::~Engine() = default;

std::unique_ptr<Session> Engine::open_session(const LakeBinding& lake, std::string_view setup) {
  auto impl = std::make_unique<Session::Impl>(impl_->instance(true));
  impl->attach(lake);
  if (!setup.empty()) impl->set_up(setup);
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

std::unique_ptr<Session> Engine::open_session() {
  return std::unique_ptr<Session>(new Session(std::make_unique<Session::Impl>(impl_->instance(false))));
}

bool Engine::is_invalidated() const {
  const std::shared_ptr<Instance> instance = impl_->open_instance();
  return instance && instance->is_invalidated();
}

void Engine::reopen() { impl_->reopen(); }

bool Engine::is_open() const { return impl_->open_instance() != nullptr; }

void Engine::open_with_threads(int threads) { impl_->open_with_threads(threads); }

}  // namespace lochan
