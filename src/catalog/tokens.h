// The write and read tokens that this process gave out.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "catalog/catalog.h"

namespace lochan {

/// A token's scope, for as long as it holds. Whatever writes keeps `in_use` from its first check until its rows are
/// committed, so that a revocation waits for it, and everything later is refused.
struct Grant {
  explicit Grant(TokenScope granted) : scope(std::move(granted)) {}

  const TokenScope scope;
  std::shared_mutex in_use;
  bool revoked = false;  // guarded by in_use
};

/// May be shared between threads.
class Tokens {
 public:
  std::string grant(TokenScope scope);
  /// From its return on nothing is written with the token. Returns what it was; null for one nobody granted.
  std::shared_ptr<const Grant> revoke(const std::string& token);
  /// Null for a token nobody granted. Shared: a request may outlast the token.
  std::shared_ptr<Grant> find(const std::string& token) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Grant>> grants_;  // guarded by mutex_
};

}  // namespace lochan
