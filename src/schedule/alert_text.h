// The words of alerts: what failed, why, since when, what readers see now, and how to look closer.
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "catalog/catalog.h"
#include "run/alert_rows.h"
#include "schedule/alert_events.h"

namespace lochan {

/// What is told of one happening by one event: a JSON object, kept until the message is made.
std::string event_text(const Happening& happening, AlertEvent event, const std::vector<AlertSubject>& subjects);

/// What messages are made from.
struct AlertParts {
  const Project& project;
  const Catalog& catalog;
  Database& state;
  const Secrets& secrets;
};

/// Subject, body and JSON of one message; all its secrets masked.
AlertMessage make_message(const AlertParts& parts, const AlertConfig& alert, const std::vector<AlertEventRow>& events);
/// As `lochan alert test` sends it.
AlertMessage make_test_message(const AlertParts& parts, const AlertConfig& alert);

}  // namespace lochan
