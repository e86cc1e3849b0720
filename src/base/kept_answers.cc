#include "base/kept_answers.h"

#include <utility>

namespace lochan {
namespace {

constexpr std::size_t kMost = std::size_t{32} << 20;
constexpr std::chrono::minutes kLongest{10};

}  // namespace

void KeptAnswers::keep(const std::string& asked, const HttpReply& reply, Time now) {
  const std::lock_guard lock(mutex_);
  std::size_t before = 0;
  if (const auto known = kept_.find(asked); known != kept_.end()) before = known->second.reply.body.size();
  if (size_ - before + reply.body.size() > kMost) return;
  size_ += reply.body.size() - before;
  kept_.insert_or_assign(asked, Kept{reply, now});
}

std::optional<HttpReply> KeptAnswers::find(const std::string& asked, Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(asked);
  if (found == kept_.end() || now - found->second.at > kLongest) return std::nullopt;
  return found->second.reply;
}

std::optional<HttpReply> KeptAnswers::take(const std::string& asked, Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(asked);
  if (found == kept_.end()) return std::nullopt;
  Kept kept = std::move(found->second);
  size_ -= kept.reply.body.size();
  kept_.erase(found);
  if (now - kept.at > kLongest) return std::nullopt;
  return std::move(kept.reply);
}

}  // namespace lochan
