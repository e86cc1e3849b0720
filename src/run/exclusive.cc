#include "run/exclusive.h"

#include "base/hash.h"

namespace lochan {

std::optional<Exclusive> Exclusive::try_take(Lake& lake, const std::string& name) {
  if (lake.leases() == nullptr) {
    auto lock = FileLock::try_acquire(lake.home() / (name + ".lock"));
    return lock ? std::optional(Exclusive(std::move(*lock))) : std::nullopt;
  }
  if (!lake.leases()->has_run_out(name)) return std::nullopt;  // asked without a writer's turn: who waits asks often
  std::optional<std::int64_t> token;
  lake.state().write([&] { token = lake.leases()->take(name, lake.place()); });
  return token ? std::optional(Exclusive(lake, name, *token)) : std::nullopt;
}

std::string Exclusive::holder(Lake& lake, const std::string& name) {
  return lake.leases() == nullptr ? "" : lake.leases()->holder(name);
}

Exclusive::Exclusive(FileLock lock) : lock_(std::move(lock)) {}

Exclusive::Exclusive(Lake& lake, const std::string& name, std::int64_t token)
    : lake_(&lake), lease_(std::make_unique<HeldLease>(*lake.leases(), name, token)) {}

Exclusive::~Exclusive() {
  try {
    if (lease_) lake_->state().write([&] { lake_->leases()->let_go(lease_->name(), lease_->token()); });
  } catch (...) {
    // It runs out by itself.
  }
}

std::string copies_into(const std::string& place) { return "copies/" + sha256(place).substr(0, 16); }

}  // namespace lochan
