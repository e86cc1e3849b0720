#include "run/copy_turn.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash.h"

namespace lochan {
namespace {

[[noreturn]] void refuse(const std::string& place, const std::string& who) {
  throw Error(ErrorKind::Conflict, fmt::format("another process{} is copying into `{}`", who, place))
      .hint("one at a time: what it copies needn't be copied again");
}

}  // namespace

CopyTurn::CopyTurn(Lake& lake, const std::string& place) : lake_(lake) {
  if (lake.leases() == nullptr) {
    lock_ = FileLock::try_acquire(lake.home() / "copies" / fmt::format("{}.lock", sha256(place).substr(0, 16)));
    if (!lock_) refuse(place, "");
    return;
  }
  const std::string name = "copy " + place;
  std::optional<std::int64_t> token;
  lake.state().write([&] { token = lake.leases()->take(name, lake.place()); });
  if (!token) refuse(place, fmt::format(" ({})", lake.leases()->holder(name)));
  lease_.emplace(*lake.leases(), name, *token);
}

CopyTurn::~CopyTurn() {
  try {
    if (lease_) lake_.state().write([&] { lake_.leases()->let_go(lease_->name(), lease_->token()); });
  } catch (...) {
    // It runs out by itself.
  }
}

}  // namespace lochan
