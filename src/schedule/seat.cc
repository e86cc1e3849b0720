#include "schedule/seat.h"

#include "base/error.h"

namespace lochan {
namespace {

constexpr char kName[] = "schedules";

}  // namespace

ScheduleSeat::~ScheduleSeat() { leave(); }

bool ScheduleSeat::take(Lake& lake) {
  if (lease_ && lease_->is_lost()) lease_.reset();
  if (is_taken()) return true;
  lake_ = &lake;
  if (lake.leases() == nullptr) {
    lock_ = FileLock::try_acquire(lake.home() / "schedule.lock");
    return lock_.has_value();
  }
  if (!lake.leases()->has_run_out(kName)) return false;
  std::optional<std::int64_t> token;
  lake.state().write([&] { token = lake.leases()->take(kName, lake.place()); });
  if (token) lease_.emplace(*lake.leases(), kName, *token);
  return token.has_value();
}

void ScheduleSeat::write(const std::function<void()>& work) {
  bool is_ours = true;
  lake_->state().write([&] {
    is_ours = !lease_ || lake_->leases()->is_current(kName, lease_->token());
    if (is_ours) work();
  });
  if (is_ours) return;
  lease_.reset();
  throw Error(ErrorKind::Conflict, "another server looks after the schedules: this one had stood still, or was cut off");
}

void ScheduleSeat::move_to(Lake& lake) noexcept {
  if (lease_) leave();
  lake_ = &lake;
}

void ScheduleSeat::leave() noexcept {
  try {
    if (lease_) lake_->state().write([&] { lake_->leases()->let_go(kName, lease_->token()); });
  } catch (const std::exception&) {
    // The state is away: it runs out by itself.
  }
  lease_.reset();
  lock_.reset();
}

}  // namespace lochan
