// Alerts: each says how it is sent, and only that; its addresses, its URL and the schedules it names are such.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/http_client.h"
#include "base/mail.h"
#include "base/smtp_url.h"
#include "base/text.h"
#include "project/alert_words.h"
#include "project/connection_url.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void verify_mail(const AlertConfig& alert, Problems& problems) {
  try {
    (void)parse_smtp_url(**alert.smtp);
  } catch (const Error& wrong) {
    problems.add(alert.smtp->position, wrong.message(), wrong.hint());
  }
  if (alert.to.empty())
    problems.add(alert.smtp->position, fmt::format("alert `{}` has `smtp` and nobody to write to", alert.name),
                 "add `to: [data@example.com]`");
  for (const LocatedText& address : alert.to)
    if (!is_mail_address(*address))
      problems.add(address.position, fmt::format("`{}` is no mail address", *address), "such as `data@example.com`");
  if (!alert.from.empty() && !is_mail_address(alert.from))
    problems.add(alert.position,
                 fmt::format("`from` of alert `{}` is `{}`, which is no mail address", alert.name, alert.from),
                 "such as `lochan@example.com`");
  if (alert.shape != WebhookShape::Plain)
    problems.add(alert.position, fmt::format("alert `{}` has `shape`, which is for `webhook`", alert.name),
                 "take it out");
}

void verify_webhook(const AlertConfig& alert, Problems& problems) {
  const std::string& url = **alert.webhook;
  const bool is_http = url.starts_with("https://") || url.starts_with("http://");
  const bool has_blank = url.find_first_of(" \t\r\n") != std::string::npos;
  if (!is_http || has_blank || host_of_url(url).empty())
    problems.add(alert.webhook->position, fmt::format("`webhook` of alert `{}` is no URL to post to", alert.name),
                 "write `https://host/path`");
  if (!alert.to.empty() || !alert.from.empty())
    problems.add(alert.position,
                 fmt::format("alert `{}` has `{}`, which is for `smtp`", alert.name, alert.to.empty() ? "from" : "to"),
                 "take it out, or make a second alert with `smtp`");
}

void verify_way(const AlertConfig& alert, Problems& problems) {
  if (alert.smtp && alert.webhook)
    return problems.add(alert.webhook->position, fmt::format("alert `{}` has `smtp` and `webhook`", alert.name),
                        "make an alert of each");
  if (alert.smtp) return verify_mail(alert, problems);
  if (alert.webhook) return verify_webhook(alert, problems);
  problems.add(alert.position, fmt::format("alert `{}` doesn't say how it is sent", alert.name),
               "give `smtp: ${SMTP_URL}` and `to:`, or `webhook: ${WEBHOOK_URL}`");
}

void verify_schedules(const Project& project, const AlertConfig& alert, Problems& problems) {
  std::vector<std::string> names;
  for (const ScheduleConfig& schedule : project.schedules) names.push_back(schedule.name);
  for (const LocatedText& name : alert.select)
    if (std::ranges::find(names, *name) == names.end())
      problems.add(name.position, fmt::format("no schedule `{}`", *name),
                   text::did_you_mean(*name, names, "`select` of an alert names schedules of lochan.yaml"));
}

}  // namespace

void verify_alerts(const Project& project, Problems& problems) {
  std::set<std::string> seen;
  for (const AlertConfig& alert : project.alerts) {
    verify_way(alert, problems);
    verify_schedules(project, alert, problems);
    if (!seen.insert(alert.name).second)
      problems.add(alert.position, fmt::format("two alerts are called `{}`", alert.name), "give one another `name`");
    std::set<AlertEvent> events;
    for (const AlertEvent event : alert.on)
      if (!events.insert(event).second)
        problems.add(alert.position, fmt::format("alert `{}` has `{}` twice", alert.name, to_string(event)),
                     "keep one of them");
  }
}

void hide_alert_secrets(const Project& project, Secrets& secrets) {
  for (const AlertConfig& alert : project.alerts) {
    if (alert.smtp)
      for (const std::string& secret : secrets_of_url(**alert.smtp)) secrets.add(secret);
    if (!alert.webhook) continue;
    // Whoever knows the path may post: it is all the secret that a webhook has.
    const std::string& url = **alert.webhook;
    for (const std::string& secret : secrets_of_url(url)) secrets.add(secret);
    const auto start = url.find("://");
    const auto path = start == std::string::npos ? start : url.find('/', start + 3);
    if (path != std::string::npos && url.size() > path + 8) secrets.add(url.substr(path));
  }
}

}  // namespace lochan
