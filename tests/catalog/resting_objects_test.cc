#include "catalog/resting_objects.h"

#include <gmock/gmock.h>

namespace lochan {
namespace {

struct HeadersCase {
  std::string storage_class, restore, archive_status;
  Rest expected;
};

TEST(RestingObjects, HeadersSayWhatCanBeRead) {
  const std::string kGiven = R"(ongoing-request="false", expiry-date="Fri, 21 Dec 2026 00:00:00 GMT")";
  for (const HeadersCase& headers :
       {HeadersCase{"", "", "", Rest::Awake},
        {"GLACIER_IR", "", "", Rest::Awake},
        {"GLACIER", "", "", Rest::Asleep},
        {"GLACIER", R"(ongoing-request="true")", "", Rest::Waking},
        {"DEEP_ARCHIVE", kGiven, "", Rest::Awake},
        {"INTELLIGENT_TIERING", "", "", Rest::Awake},
        {"INTELLIGENT_TIERING", "", "ARCHIVE_ACCESS", Rest::Asleep},
        {"INTELLIGENT_TIERING", R"(ongoing-request="true")", "DEEP_ARCHIVE_ACCESS", Rest::Waking}})
    EXPECT_EQ(rest_of(headers.storage_class, headers.restore, headers.archive_status).rest, headers.expected)
        << headers.storage_class << " " << headers.restore << " " << headers.archive_status;
}

TEST(RestingObjects, DeeperClassesAndCheaperTiersTakeLonger) {
  const ObjectRest glacier = rest_of("GLACIER", "", ""), deep = rest_of("DEEP_ARCHIVE", "", "");
  EXPECT_EQ(waking_time(glacier, RetrievalTier::Expedited), "5 minutes");
  EXPECT_EQ(waking_time(glacier, RetrievalTier::Standard), "5 hours");
  EXPECT_EQ(waking_time(glacier, RetrievalTier::Bulk), "12 hours");
  EXPECT_EQ(waking_time(deep, RetrievalTier::Standard), "12 hours");
  EXPECT_EQ(waking_time(deep, RetrievalTier::Bulk), "48 hours");
}

}  // namespace
}  // namespace lochan
