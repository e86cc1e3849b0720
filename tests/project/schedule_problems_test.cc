// Schedules as they are read, and what is wrong with them, as a person reads it.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

// clang-format off
const ProblemCase kCases[] = {
    in_project("NoTime",
       "name: a\nschedules:\n  - { name: shops }\n",
       "lochan.yaml:3:5: schedule `shops` doesn't say when it is due\n"
       "  hint: give one of `cron`, `every` and `after`"),
    in_project("TwoTimes",
       "name: a\nschedules:\n  - { name: shops, cron: '@daily', every: 1h }\n",
       "lochan.yaml:3:5: schedule `shops` says in 2 ways when it is due\n"
       "  hint: give one of `cron`, `every` and `after`"),
    in_project("NoName",
       "name: a\nschedules:\n  - { every: 1h }\n",
       "lochan.yaml:3:5: `name` is missing\n"
       "  hint: add `name:`, the schedule's name"),
    in_project("SameName",
       "name: a\nschedules:\n  - { name: shops, every: 1h }\n  - { name: shops, every: 2h }\n",
       "lochan.yaml:4:5: there are two schedules `shops`\n"
       "  hint: the other one is lochan.yaml:3:5"),
    in_project("BadField",
       "name: a\nschedules:\n  - { name: shops, cron: '0 25 * * *' }\n",
       "lochan.yaml:3:26: the hour `25` is past 23\n"
       "  hint: wanted `*`, a value from 0 to 23, a range such as `1-3`, a step such as `*/2`, or several with commas between"),
    in_project("FourFields",
       "name: a\nschedules:\n  - { name: shops, cron: '0 1 * *' }\n",
       "lochan.yaml:3:26: `0 1 * *` has 4 fields, wanted five\n"
       "  hint: minute, hour, day of the month, month, day of the week: `*/5 * * * *`"),
    in_project("NoSuchDay",
       "name: a\nschedules:\n  - { name: shops, cron: '0 0 30 2 *' }\n",
       "lochan.yaml:3:26: `0 0 30 2 *` never comes: no such month has that day\n"
       "  hint: see its third and fourth fields"),
    in_project("UnknownWord",
       "name: a\nschedules:\n  - { name: shops, cron: '@dayly' }\n",
       "lochan.yaml:3:26: `@dayly` is no word of cron\n"
       "  hint: did you mean `@daily`?"),
    in_project("UnknownTimeZone",
       "name: a\nschedules:\n  - { name: shops, cron: '@daily', timezone: Europe/Warsawa }\n",
       "lochan.yaml:3:46: no time zone `Europe/Warsawa`\n"
       "  hint: did you mean `Europe/Warsaw`?"),
    in_project("TimeZoneOfAnInterval",
       "name: a\nschedules:\n  - { name: shops, every: 1h, timezone: UTC }\n",
       "lochan.yaml:3:41: `timezone` is for `cron`, and `shops` has none\n"
       "  hint: remove it"),
    in_project("Never",
       "name: a\nschedules:\n  - { name: shops, every: 0 }\n",
       "lochan.yaml:3:5: `every` of schedule `shops` is 0\n"
       "  hint: wanted 1s or more"),
    in_project("UnknownTableAfter",
       "name: a\nschedules:\n  - { name: shops, after: raw.sale }\n",
       "lochan.yaml:3:27: no table `raw.sale`\n"
       "  hint: no source, model or command makes it"),
    in_project("UnknownSourceAfter",
       "name: a\nschedules:\n  - { name: shops, after: 'source:sale' }\n",
       "lochan.yaml:3:27: no source `sale`\n"
       "  hint: see the project's sources"),
    in_project("NoTableAfter",
       "name: a\nschedules:\n  - { name: shops, after: sale }\n",
       "lochan.yaml:3:27: `sale` is no table\n"
       "  hint: write `layer.name`, or `source:NAME` for any table of a source"),
    in_project("UnknownSource",
       "name: a\nschedules:\n  - { name: shops, every: 1h, select: 'source:shop+' }\n",
       "lochan.yaml:3:39: no source `shop`\n"
       "  hint: see the project's sources"),
    in_project("UnknownTableSelected",
       "name: a\nschedules:\n  - { name: shops, every: 1h, select: ['tag:x', '2+mart.sale+1'] }\n",
       "lochan.yaml:3:49: no table `mart.sale`\n"
       "  hint: see the project's tables"),
    in_project("UnknownMethod",
       "name: a\nschedules:\n  - { name: shops, every: 1h, exclude: 'tags:x' }\n",
       "lochan.yaml:3:40: `tags:` is no way to select\n"
       "  hint: did you mean `tag`?"),
    in_project("TendingSelectsNothing",
       "name: a\nschedules:\n  - { name: tend, every: 1h, command: maintain, select: 'tag:x' }\n",
       "lochan.yaml:3:57: `tend` tends the whole lake: it selects nothing\n"
       "  hint: remove it, or `command`"),
    in_project("WaitForNobody",
       "name: a\nschedules:\n  - { name: tend, every: 1h, wait_for: me }\n",
       "lochan.yaml:3:40: `wait_for` is text `me`, wanted one of `manual`"),
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Schedules, ProjectProblems, testing::ValuesIn(kCases), name_of);

TEST(ReadSchedules, AllOfThem) {
  WrittenProject written({{"lochan.yaml",
                           "name: a\n"
                           "connections: { branch_1: 'sqlite:./a.db' }\n"
                           "schedules:\n"
                           "  - { name: shops, select: \"source:shop+\", cron: \"*/5 * * * *\", timezone: Europe/Warsaw }\n"
                           "  - { name: nightly, cron: '@daily', catch_up: none, while_running: skip, paused: true }\n"
                           "  - name: golden\n"
                           "    after: [raw.sale, raw.product]\n"
                           "    wait_for: manual\n"
                           "    late_after: 10m\n"
                           "    timeout: 1h\n"
                           "  - { name: tend, every: 6h, command: maintain }\n"},
                          {"sources/shop.yaml", "source: shop\nfrom: branch_1\ntables: { sale: {}, product: {} }\n"}});
  const Project project = written.read();
  ASSERT_EQ(project.schedules.size(), 4u);
  EXPECT_EQ(project.schedules[0].name, "shops");
  EXPECT_EQ(*project.schedules[0].select.at(0), "source:shop+");
  EXPECT_EQ(**project.schedules[0].cron, "*/5 * * * *");
  EXPECT_EQ(*project.schedules[0].timezone, "Europe/Warsaw");
  EXPECT_EQ(project.schedules[0].catch_up, CatchUp::Last);
  EXPECT_EQ(project.schedules[0].while_running, WhileRunning::Queue);
  EXPECT_EQ(project.schedules[1].catch_up, CatchUp::None);
  EXPECT_EQ(project.schedules[1].while_running, WhileRunning::Skip);
  EXPECT_TRUE(project.schedules[1].paused);
  EXPECT_EQ(project.schedules[2].after.size(), 2u);
  EXPECT_TRUE(project.schedules[2].wait_for_manual);
  EXPECT_EQ(project.schedules[2].late_after, std::chrono::minutes{10});
  EXPECT_EQ(project.schedules[2].timeout, std::chrono::hours{1});
  EXPECT_EQ(project.schedules[3].every, std::chrono::hours{6});
  EXPECT_EQ(project.schedules[3].command, ScheduleCommand::Maintain);
}

}  // namespace
}  // namespace lochan
