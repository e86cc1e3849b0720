#include "catalog/tokens.h"

#include "base/hash.h"

namespace lochan {

std::string Tokens::grant(TokenScope scope) {
  std::string token = random_token();
  auto grant = std::make_shared<Grant>(std::move(scope));
  const std::lock_guard lock(mutex_);
  grants_.emplace(token, std::move(grant));
  return token;
}

std::shared_ptr<const Grant> Tokens::revoke(const std::string& token) {
  std::shared_ptr<Grant> grant;
  {
    const std::lock_guard lock(mutex_);
    const auto found = grants_.find(token);
    if (found == grants_.end()) return nullptr;
    grant = std::move(found->second);
    grants_.erase(found);
  }
  const std::lock_guard lock(grant->in_use);
  grant->revoked = true;
  return grant;
}

std::shared_ptr<Grant> Tokens::find(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  const auto found = grants_.find(token);
  return found == grants_.end() ? nullptr : found->second;
}

}  // namespace lochan
