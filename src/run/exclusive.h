// What one process has at a time, by its name: all processes of this host where the state is a file, all hosts of a
// state that is shared. Who dies has given it back, at once or when its lease has run out.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "run/lake.h"
#include "run/leases.h"

namespace lochan {

/// Held until destroyed.
class Exclusive {
 public:
  /// `name` is like "pools/shop.0". Nothing when another one has it, in this process too. The lake must outlive it.
  static std::optional<Exclusive> try_take(Lake& lake, const std::string& name);
  /// Who has it: a place of a host, "" where that can't be told.
  static std::string holder(Lake& lake, const std::string& name);

  ~Exclusive();
  Exclusive(Exclusive&&) noexcept = default;
  Exclusive& operator=(Exclusive&&) = delete;

 private:
  explicit Exclusive(FileLock lock);
  Exclusive(Lake& lake, const std::string& name, std::int64_t token);

  std::optional<FileLock> lock_;
  Lake* lake_ = nullptr;
  std::unique_ptr<HeldLease> lease_;
};

/// The name of the right to write copies into the place of this URI.
std::string copies_into(const std::string& place);

}  // namespace lochan
