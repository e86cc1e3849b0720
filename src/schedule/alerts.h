// Tells people what happened: finds it in the state's rows, makes messages of it, sends them. All that it knows is in
// the state, so it may end at any instant: a message that was being sent then is sent again, with the same identity.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include "run/alert_rows.h"
#include "catalog/catalog.h"
#include "project/project.h"
#include "schedule/alert_events.h"

namespace lochan {

struct AlertLoopParts {
  const Project& project;
  Database& state;
  const Catalog& catalog;
  const Clock& clock;
  const Secrets& secrets;
  Log& log;
};

class AlertLoop {
 public:
  /// How a message goes out: `send_alert`, but in tests.
  using Send = std::function<std::string(const AlertConfig&, const AlertMessage&, Instant)>;

  /// All must outlive it. Only the process that holds the lock of `lochan serve` has one.
  explicit AlertLoop(const AlertLoopParts& parts);
  AlertLoop(const AlertLoopParts& parts, Send send);

  /// Looks at what is new, and sends what is due: takes as long as mail servers do, so it has a thread of its own.
  /// Throws when the state can't be read or written; call it again then.
  void step();
  /// When `step` has something to do, though no run ends until then; nothing: never.
  std::optional<Instant> wake_at() const;
  /// Alerts that can't be sent, for `/ready`.
  std::vector<Error> problems() const;

 private:
  void collect();
  void tell(const AlertConfig& alert, const Happening& happening, Instant now);
  std::vector<AlertSubject> recovered(const AlertConfig& alert, const Happening& happening);
  std::vector<AlertSubject> failing(const AlertConfig& alert, const Happening& happening, AlertEvent event,
                                    bool& is_told);
  void compose();
  void send();
  void send(AlertMessage message);
  const AlertConfig* find(const std::string& name) const;

  const AlertLoopParts parts_;
  const Send send_;
  AlertRows rows_;
  AlertEvents events_;
};

}  // namespace lochan
