// `lochan alert`: what alerts there are and what they sent; `alert test` sends a message.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "project/alert_words.h"
#include "run/lake.h"
#include "schedule/alert_sender.h"
#include "schedule/alert_text.h"

namespace lochan {
namespace {

constexpr int kShown = 20;
constexpr std::size_t kSubjectWidth = 60;

class AlertCommand final : public Command {
 public:
  void add_options(Options& options) override {
    output_.add(options);
    options.command("list", "list the messages that were sent, newest first", list_);
    Options test = options.command("test", "send a message, to see that it arrives", test_);
    test.argument("NAME", name_, "an alert of lochan.yaml; all of them without it", false);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    if (test_) return test(context, project, lake);
    show(context.terminal, AlertRows(lake.state()).newest(kShown));
    return kExitDone;
  }

 private:
  // Neither kept nor repeated: whoever sends a test looks at what comes of it.
  int test(Context& context, const Project& project, Lake& lake) const {
    const std::vector<const AlertConfig*> alerts = chosen(project);
    Document documents = Document::array();
    int failed = 0;
    for (const AlertConfig* alert : alerts) {
      std::string problem;
      bool is_sent = true;
      try {
        AlertMessage message = make_test_message({project, lake.catalog(), lake.state(), context.secrets}, *alert);
        message.identity = random_uuid();
        problem = send_alert(*alert, message, context.clock.now());
      } catch (const Error& error) {
        is_sent = false;
        problem = error.what();
        ++failed;
      }
      documents.push_back(
          {{"alert", alert->name}, {"way", describe_way(*alert)}, {"sent", is_sent}, {"problem", problem}});
      if (output_.is_json()) continue;
      if (is_sent)
        context.terminal.print(fmt::format("{}: sent, {}{}", alert->name, describe_way(*alert),
                                           problem.empty() ? "" : "; but " + problem));
      else
        context.terminal.note(fmt::format("{}: not sent, {}: {}", alert->name, describe_way(*alert), problem));
    }
    if (output_.is_json()) print_document(context.terminal, {{"alerts", std::move(documents)}});
    return failed == 0 ? kExitDone : kExitFailed;
  }

  std::vector<const AlertConfig*> chosen(const Project& project) const {
    if (project.alerts.empty())
      throw Error(ErrorKind::Usage, "lochan.yaml has no `alerts`")
          .hint("such as `alerts: [{ on: [failed, audit_failed], smtp: smtp://localhost, to: data@example.com }]`");
    std::vector<const AlertConfig*> alerts;
    std::vector<std::string> names;
    for (const AlertConfig& alert : project.alerts) {
      names.push_back(alert.name);
      if (name_.empty() || alert.name == name_) alerts.push_back(&alert);
    }
    if (alerts.empty())
      throw Error(ErrorKind::NotFound, fmt::format("no alert `{}` in lochan.yaml", name_))
          .hint(text::did_you_mean(name_, names, "there are: " + names.front()));
    return alerts;
  }

  void show(Terminal& terminal, const std::vector<AlertMessage>& messages) const {
    Document documents = Document::array();
    std::vector<std::vector<std::string>> lines = {
        {"number", "made", "alert", "state", "attempts", "subject", "problem"}};
    for (const AlertMessage& message : messages) {
      documents.push_back({{"number", message.number},
                           {"created_at", to_iso8601(message.created_at)},
                           {"alert", message.alert},
                           {"state", to_string(message.state)},
                           {"attempts", message.attempts},
                           {"sent_at", message.sent_at ? Document(to_iso8601(*message.sent_at)) : Document()},
                           {"subject", message.subject},
                           {"problem", message.error}});
      lines.push_back({std::to_string(message.number), to_string(message.created_at).substr(0, 19), message.alert,
                       std::string(to_string(message.state)), std::to_string(message.attempts),
                       truncated(message.subject, kSubjectWidth), truncated(message.error, kSubjectWidth)});
    }
    if (output_.is_json())
      print_document(terminal, {{"messages", std::move(documents)}});
    else
      terminal.print(lines.size() == 1 ? "no alert had anything to tell yet" : align(lines));
  }

  OutputOption output_;
  std::string name_;
  bool list_ = false;
  bool test_ = false;
};

}  // namespace

CommandKind alert_command() {
  return {.name = "alert",
          .group = "the lake",
          .summary = "list what alerts have sent; send a test message",
          .more = "Alerts are written in lochan.yaml, and sent by `lochan serve`.",
          .examples = {{"alert", "the newest messages, and those that could not be sent"},
                       {"alert test", "one message by each alert of lochan.yaml"},
                       {"alert test chat", "by this one"}},
          .make = make_command<AlertCommand>};
}

}  // namespace lochan
