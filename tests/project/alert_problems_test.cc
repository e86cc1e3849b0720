// Alerts as they are read, and what is wrong with them, as a person reads it.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

// clang-format off
const ProblemCase kCases[] = {
    in_project("NoWay",
       "name: a\nalerts:\n  - { on: failed }\n",
       "lochan.yaml:3:5: alert `alert_1` doesn't say how it is sent\n"
       "  hint: give `smtp: ${SMTP_URL}` and `to:`, or `webhook: ${WEBHOOK_URL}`"),
    in_project("BothWays",
       "name: a\nalerts:\n  - { on: failed, smtp: smtp://m, to: a@b, webhook: https://h/x }\n",
       "lochan.yaml:3:53: alert `alert_1` has `smtp` and `webhook`\n"
       "  hint: make an alert of each"),
    in_project("NobodyToWriteTo",
       "name: a\nalerts:\n  - { on: failed, smtp: smtp://m }\n",
       "lochan.yaml:3:25: alert `alert_1` has `smtp` and nobody to write to\n"
       "  hint: add `to: [data@example.com]`"),
    in_project("NoMailAddress",
       "name: a\nalerts:\n  - { on: failed, smtp: smtp://m, to: [data] }\n",
       "lochan.yaml:3:40: `data` is no mail address\n"
       "  hint: such as `data@example.com`"),
    in_project("NoMailServer",
       "name: a\nalerts:\n  - { on: failed, smtp: http://m, to: a@b }\n",
       "lochan.yaml:3:25: the URL of a mail server begins with neither `smtp://` nor `smtps://`\n"
       "  hint: write it as `smtp://user:password@host:587` or `smtps://host`"),
    in_project("NoUrlToPostTo",
       "name: a\nalerts:\n  - { on: failed, webhook: hooks.example.com }\n",
       "lochan.yaml:3:28: `webhook` of alert `alert_1` is no URL to post to\n"
       "  hint: write `https://host/path`"),
    in_project("ToOfAWebhook",
       "name: a\nalerts:\n  - { on: failed, webhook: https://h/x, to: a@b }\n",
       "lochan.yaml:3:5: alert `alert_1` has `to`, which is for `smtp`\n"
       "  hint: take it out, or make a second alert with `smtp`"),
    in_project("ShapeOfAMail",
       "name: a\nalerts:\n  - { on: failed, smtp: smtp://m, to: a@b, shape: slack }\n",
       "lochan.yaml:3:5: alert `alert_1` has `shape`, which is for `webhook`\n"
       "  hint: take it out"),
    in_project("UnknownEvent",
       "name: a\nalerts:\n  - { on: [failed, fixed], webhook: https://h/x }\n",
       "lochan.yaml:3:20: `on` is text `fixed`, wanted one of `failed`, `audit_failed`, `late`, `recovered`, `missed`\n"
       "  hint: did you mean `failed`?"),
    in_project("EventTwice",
       "name: a\nalerts:\n  - { on: [late, late], webhook: https://h/x }\n",
       "lochan.yaml:3:5: alert `alert_1` has `late` twice\n"
       "  hint: keep one of them"),
    in_project("UnknownSchedule",
       "name: a\nalerts:\n  - { on: late, webhook: https://h/x, select: shops }\n",
       "lochan.yaml:3:47: no schedule `shops`\n"
       "  hint: `select` of an alert names schedules of lochan.yaml"),
    in_project("SameName",
       "name: a\nalerts:\n  - { on: late, webhook: https://h/x, name: alert_2 }\n  - { on: late, webhook: https://h/x }\n",
       "lochan.yaml:4:5: two alerts are called `alert_2`\n"
       "  hint: give one another `name`"),
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Alerts, ProjectProblems, testing::ValuesIn(kCases), name_of);

TEST(Alerts, AreReadWithTheirDefaults) {
  WrittenProject written(
      {{"lochan.yaml",
        "name: a\nalerts:\n  - { on: [failed, audit_failed, late], smtp: ${SMTP_URL}, to: [data@example.com] }\n"
        "  - { on: recovered, webhook: https://hooks.example.com/services/T0/abcdef, shape: slack, name: chat, group: "
        "1m }\n"},
       {".env", "SMTP_URL=smtps://u:hidden-word@mail.example.com\n"}});
  const Project project = written.read();
  ASSERT_EQ(project.alerts.size(), 2u);
  EXPECT_EQ(project.alerts[0].name, "alert_1");
  EXPECT_EQ(project.alerts[0].on, (std::vector{AlertEvent::Failed, AlertEvent::AuditFailed, AlertEvent::Late}));
  EXPECT_EQ(**project.alerts[0].smtp, "smtps://u:hidden-word@mail.example.com");
  EXPECT_EQ(project.alerts[0].repeat, std::chrono::hours{24});
  EXPECT_EQ(project.alerts[1].name, "chat");
  EXPECT_EQ(project.alerts[1].shape, WebhookShape::Slack);
  EXPECT_EQ(project.alerts[1].group, std::chrono::minutes{1});
  EXPECT_EQ(written.secrets().mask("hidden-word at https://hooks.example.com/services/T0/abcdef"),
            "*** at https://hooks.example.com***");
}

}  // namespace
}  // namespace lochan
