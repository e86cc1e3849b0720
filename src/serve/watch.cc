#include "serve/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace lochan {
namespace {

constexpr std::uint32_t kFileEvents =
    IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MASK_ADD | IN_ONLYDIR;
constexpr std::uint32_t kStateEvents = IN_MODIFY | IN_CREATE | IN_MASK_ADD | IN_ONLYDIR;

// What editors leave beside a file while they work on it is none of the project's.
bool is_of_project(std::string_view name) {
  if (name == ".env") return true;
  return !name.starts_with('.') && !name.starts_with('#') && !name.ends_with('~');
}

}  // namespace

Watch::Watch(std::filesystem::path folder, std::filesystem::path state)
    : folder_(std::move(folder)), state_(std::move(state)), descriptor_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (hears()) state_folder_ = ::inotify_add_watch(descriptor_, state_.parent_path().c_str(), kStateEvents);
}

Watch::~Watch() {
  if (hears()) ::close(descriptor_);
}

void Watch::follow(const std::set<std::string>& folders) {
  if (!hears()) return;
  folders_.clear();
  const auto add = [&](const std::filesystem::path& folder) {
    if (const int watch = ::inotify_add_watch(descriptor_, folder.c_str(), kFileEvents); watch >= 0)
      folders_.insert(watch);
  };
  add(folder_);
  for (const std::string& name : folders) add(folder_ / name);
}

Watch::Seen Watch::take() {
  Seen seen;
  if (!hears()) return seen;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t size = ::read(descriptor_, buffer.data(), buffer.size());
    if (size <= 0) return seen;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const std::string_view name(event.len == 0 ? "" : buffer.data() + at + sizeof event);
      at += sizeof event + event.len;
      const bool is_lost = (event.mask & IN_Q_OVERFLOW) != 0;
      const bool is_state = event.wd == state_folder_ && name.starts_with(state_.filename().string());
      seen.state = seen.state || is_lost || is_state;
      seen.project = seen.project || is_lost || (folders_.contains(event.wd) && !is_state && is_of_project(name) &&
                                                 (event.mask & IN_MODIFY) == 0);
    }
  }
}

}  // namespace lochan
