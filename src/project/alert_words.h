// The words of an alert, as a file writes them and as messages and rows of the state have them.
#pragma once

#include <array>
#include <string_view>

#include "project/keys.h"
#include "project/project.h"

namespace lochan {

template <>
struct EnumWords<AlertEvent> {
  static constexpr std::array<std::string_view, 5> kWords = {"failed", "audit_failed", "late", "recovered", "missed"};
};
template <>
struct EnumWords<WebhookShape> {
  static constexpr std::array<std::string_view, 2> kWords = {"plain", "slack"};
};

inline std::string_view to_string(AlertEvent event) {
  return EnumWords<AlertEvent>::kWords[static_cast<std::size_t>(event)];
}

}  // namespace lochan
