// A changed project is read, verified as `lochan validate` does it, and takes the place of the one that is served; a
// broken one doesn't, and that is told.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "serve/event_log.h"
#include "serve/health.h"
#include "serve/served_project.h"

namespace lochan {

/// Where a server listens, from its start to its end.
struct Listening {
  std::string address;
  // As the project said it then; nothing where the command line did.
  std::optional<std::string> said_address;
  std::optional<int> said_port;
};

/// Used by one thread. All that it is given must outlive it.
class Reload {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `program` is our own, which verifies in a process of its own: what that takes of memory isn't kept.
  Reload(CurrentProject& current, Health& health, Secrets& secrets, const Clock& clock, EventLog& log,
         std::filesystem::path program, Listening listening);

  /// Verifies the project that is served already: it was only read so far.
  void verify_served();
  /// Files may have changed: they are read when no more changes come for a moment.
  void note_change(Time now);
  /// The same, and they are taken anew even if none has: what `${file:…}` names isn't listened to.
  void ask(Time now);

  /// Does what is due. True when another project is served from now on.
  bool step(Time now);
  /// Whether what was asked for is still to come.
  bool is_busy() const { return is_asked_ || verifier_; }
  /// When `step` has something to do without having been woken.
  std::optional<Time> wake_at() const;
  /// Readable when `step` has something to do; -1: nothing to listen to.
  int output() const { return verifier_ && is_talking_ ? verifier_->output() : -1; }
  int ended_descriptor() const { return verifier_ ? verifier_->ended_descriptor() : -1; }

 private:
  void read(Time now);
  void start_verifier(const std::map<std::string, std::string>& environment, Time now);
  void drop_verifier();
  void hear_verifier();
  bool finish_verifier(Time now);
  bool take(ReadProject read);
  std::vector<Error> needs_restart(const Project& now, const Project& next) const;
  void tell_moved(const ServeConfig& serve);
  void tell_sound();
  void refuse(std::vector<Error> problems);
  bool is_served(const ReadProject& read) const;

  CurrentProject& current_;
  Health& health_;
  Secrets& secrets_;
  const Clock& clock_;
  EventLog& log_;
  const std::filesystem::path program_;
  const Listening listening_;

  std::optional<Time> changed_;                // the first change that wasn't read yet
  std::optional<Time> read_at_;                // when that will be
  std::unique_ptr<Subprocess> verifier_;
  std::string verified_;                       // what it has said so far
  bool is_talking_ = false;
  std::optional<Time> give_up_at_;             // on it
  std::optional<ReadProject> candidate_;       // none: what is served is verified
  bool is_asked_ = false;
  bool is_sound_ = false;                      // what is served was verified
  std::string told_;                           // the problems that were told last
  std::string told_moved_;                     // another address
};

}  // namespace lochan
