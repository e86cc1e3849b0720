#include "run/attempts.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(AttemptLimits, OfAStepCountBeforeTheRuns) {
  RunConfig run;
  run.retries = 2;
  run.retry_delay = milliseconds{1000};
  run.timeout = minutes{60};
  const AttemptLimits common = attempt_limits(run);
  EXPECT_EQ(common.retries, 2);
  EXPECT_EQ(common.timeout, minutes{60});
  EXPECT_FALSE(common.has_own_timeout);
  const AttemptLimits own = attempt_limits(run, {.retries = 0, .retry_delay = milliseconds{5}, .timeout = seconds{7}});
  EXPECT_EQ(own.retries, 0);
  EXPECT_EQ(own.retry_delay, milliseconds{5});
  EXPECT_EQ(own.timeout, seconds{7});
  EXPECT_TRUE(own.has_own_timeout);
}

TEST(RetryDelay, DoublesUpToFiveMinutesAndIsShortenedByUpToAQuarter) {
  const AttemptLimits limits{.retries = 100, .retry_delay = milliseconds{1000}};
  EXPECT_EQ(retry_delay(limits, 1, 0), milliseconds{1000});
  EXPECT_EQ(retry_delay(limits, 2, 0), milliseconds{2000});
  EXPECT_EQ(retry_delay(limits, 4, 0), milliseconds{8000});
  EXPECT_EQ(retry_delay(limits, 1, 1), milliseconds{750});
  EXPECT_EQ(retry_delay(limits, 90, 0), minutes{5});
  for (int i = 0; i < 100; ++i) {
    const auto delay = retry_delay(limits, 3);
    EXPECT_TRUE(delay >= milliseconds{3000} && delay <= milliseconds{4000}) << delay.count();
  }
}

TEST(RetryDelay, OfMoreThanFiveMinutesIsKept) {
  const AttemptLimits limits{.retries = 3, .retry_delay = minutes{20}};
  EXPECT_EQ(retry_delay(limits, 1, 0), minutes{20});
  EXPECT_EQ(retry_delay(limits, 3, 0), minutes{20});
}

TEST(WasTriedOut, SaysSoOfTheLakesPlaceOnly) {
  const auto is = [](ErrorKind kind, const char* text) { return was_tried_out(Error(kind, text)); };
  EXPECT_TRUE(is(ErrorKind::Unavailable, "could not connect to server error for HTTP GET to 'http://s3:9000/lake/a.avro'"));
  EXPECT_TRUE(is(ErrorKind::Unavailable, "request returned HTTP 503 for HTTP GET to 'http://127.0.0.1:1/v1/run-2/namespaces/mart/tables/m1'"));
  EXPECT_TRUE(is(ErrorKind::CommitUnknown, "failed to commit: timeout was reached error for HTTP PUT to 'http://s3/lake/a'"));
  EXPECT_TRUE(is(ErrorKind::Unavailable, "`s3://lake/raw/t/metadata/a.json`: no answer from `s3:9000`, 7 times"));
  EXPECT_FALSE(is(ErrorKind::Unavailable, "connection `drop`: `s3://drop/a.csv`: no answer from `s3:9000`, 7 times"));
  EXPECT_FALSE(is(ErrorKind::Unavailable, "connection `shop`: connection refused"));
  EXPECT_FALSE(is(ErrorKind::Data, "no rights error for HTTP GET to 'http://s3:9000/lake/a.avro'"));
}

TEST(WasWaitedFor, IsWhatHadNoAnswerInItsTime) {
  const Error none(ErrorKind::Unavailable, "timeout was reached error for HTTP GET to 'http://s3:9000/lake/a.avro'");
  EXPECT_TRUE(was_tried_out(none) && was_waited_for(none));
  EXPECT_FALSE(
      was_waited_for(Error(ErrorKind::Unavailable, "could not connect to server error for HTTP GET to 'http://s3/a'")));
  EXPECT_FALSE(was_waited_for(Error(ErrorKind::Unavailable, "connection `api`: timeout was reached")));
}

TEST(MayRetry, OnlyWhatMayGoWellTheNextTimeAndNotForEver) {
  const AttemptLimits limits{.retries = 2};
  EXPECT_TRUE(may_retry(limits, Error(ErrorKind::Unavailable, "away"), 1));
  EXPECT_TRUE(may_retry(limits, Error(ErrorKind::Conflict, "another"), 2));
  EXPECT_FALSE(may_retry(limits, Error(ErrorKind::Unavailable, "away"), 3));
  EXPECT_FALSE(may_retry(limits, Error(ErrorKind::Data, "wrong"), 1));
}

}  // namespace
}  // namespace lochan
