#include "run/worker.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/error.h"

namespace lochan {

int thread_count(int wanted) {
  return wanted > 0 ? wanted : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

Worker::Worker(const RunBinding& binding, Shadow* shadow)
    : binding_(binding), expired_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), shadow_(shadow) {
  if (expired_event_ < 0) throw Error(ErrorKind::Unavailable, "too many files are open");
}

Worker::~Worker() {
  drop_session();
  ::close(expired_event_);
}

Session& Worker::session() {
  if (!session_) {
    const std::string token = binding_.catalog.grant_token({binding_.branch, true, binding_.tables, ""});
    std::unique_ptr<Session> session;
    try {
      session = binding_.engine.open_session({binding_.uri(), binding_.branch, token}, binding_.macros);
      if (is_brief_) session->execute("set session http_retries = 1");
    } catch (...) {
      binding_.catalog.revoke_token(token);
      throw;
    }
    const std::lock_guard lock(mutex_);
    session_ = std::move(session);
    token_ = token;
  }
  return *session_;
}

void Worker::be_brief(bool is_brief) {
  if (is_brief != is_brief_) drop_session();
  is_brief_ = is_brief;
}

Shadow& Worker::shadow() {
  if (shadow_ == nullptr) {
    own_shadow_ = std::make_unique<Shadow>();
    shadow_ = own_shadow_.get();
  }
  return *shadow_;
}

void Worker::drop_session() {
  std::unique_ptr<Session> session;
  std::string token;
  {
    const std::lock_guard lock(mutex_);
    session = std::move(session_);
    token = std::move(token_);
    token_.clear();
  }
  if (!token.empty()) binding_.catalog.revoke_token(token);
}

void Worker::use_threads(int threads) { session().execute(fmt::format("set global threads = {}", threads)); }

void Worker::start_attempt(std::chrono::seconds timeout) {
  const std::lock_guard lock(mutex_);
  expired_ = false;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = ::read(expired_event_, &count, sizeof count);
  deadline_ = std::chrono::steady_clock::now() + timeout;
}

void Worker::end_attempt() {
  const std::lock_guard lock(mutex_);
  deadline_.reset();
}

bool Worker::is_overdue(std::chrono::steady_clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  return deadline_ && *deadline_ < now;
}

void Worker::expire() noexcept {
  const std::lock_guard lock(mutex_);
  expired_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t told = ::write(expired_event_, &one, sizeof one);
  if (!token_.empty()) binding_.catalog.revoke_token(token_);
  if (session_) session_->interrupt();
}

bool Worker::is_expired() const {
  const std::lock_guard lock(mutex_);
  return expired_;
}

}  // namespace lochan
