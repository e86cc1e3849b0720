// Sends a message of an alert: by mail, or to its webhook.
#pragma once

#include <string>

#include "base/clock.h"
#include "project/project.h"
#include "run/alert_rows.h"

namespace lochan {

/// Returns what was amiss though it was sent: addresses that the server refused. Throws Error when it wasn't sent,
/// without any secret. A mail has the message's identity as its Message-ID, a call of a webhook as its Idempotency-Key.
std::string send_alert(const AlertConfig& alert, const AlertMessage& message, Instant now);

/// "mail to data@example.com by mail.example.com:587", "webhook at hooks.example.com": for people.
std::string describe_way(const AlertConfig& alert);

}  // namespace lochan
