// What shows AWS, or a server that speaks as it does, who asks.
#pragma once

#include <string>

namespace lochan {

struct AwsKeys {
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};  // "" for keys that don't expire

  bool is_empty() const { return access_key_id.empty() && secret_access_key.empty(); }
  friend bool operator==(const AwsKeys&, const AwsKeys&) = default;
};

}  // namespace lochan
