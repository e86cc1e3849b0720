#include "engine/fault.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

TEST(FaultTest, KindsFollowWhatTheCatalogAnswered) {
  struct Case {
    std::string text;
    ErrorKind kind;
    std::string message;
  };
  const std::string commit = "TransactionContext Error: Failed to commit: Failed to commit Iceberg transaction: ";
  const std::string one =
      "Request to 'http://127.0.0.1:1/v1/run-1/namespaces/raw/tables/x' returned a non-200 status code ";
  const std::string many =
      "Request to 'http://127.0.0.1:1/v1/run-1/transactions/commit' returned a non-200 status code ";
  const std::string body = R"({"error":{"message":"it says \"no\"","type":"AnyException","code":1}})";
  const std::vector<Case> cases = {
      {commit + one + "(Conflict_409), with reason: Conflict, body: " + body, ErrorKind::Conflict,
       "failed to commit: it says `no`"},
      {commit + many + "(Conflict_409). \n message: gone by\n type: CommitFailedException\n reason: Conflict\n",
       ErrorKind::Conflict, "failed to commit: gone by"},
      {commit + one + "(InternalServerError_500), with reason: , body: ", ErrorKind::CommitUnknown,
       "failed to commit: Failed to commit Iceberg transaction: " + one +
           "(InternalServerError_500), with reason: , body:"},
      {commit + many + "(GatewayTimeout_504). \n message: m\n type: t\n reason: \n", ErrorKind::CommitUnknown,
       "failed to commit: m"},
      {commit + many + "(ServiceUnavailable_503). \n message: later\n type: t\n reason: \n", ErrorKind::Unavailable,
       "failed to commit: later"},
      {commit + one + "(Forbidden_403), with reason: Forbidden, body: " + body, ErrorKind::Data,
       "failed to commit: it says `no`"},
      {"IO Error: Failed to commit: POST request to endpoint 'http://127.0.0.1:1/x' failed: (ERROR Could not connect)",
       ErrorKind::CommitUnknown,
       "failed to commit: POST request to endpoint 'http://127.0.0.1:1/x' failed: (ERROR Could not connect)"},
      {commit + "Server returned nothing error for HTTP PUT to 'http://s3/lake/a.avro'", ErrorKind::CommitUnknown,
       "failed to commit: Failed to commit Iceberg transaction: Server returned nothing error for HTTP PUT to "
       "'http://s3/lake/a.avro'"},
      {"HTTP Error: GET request to endpoint 'http://x' returned an error response (HTTP 500). Reason: oops",
       ErrorKind::Unavailable,
       "GET request to endpoint 'http://x' returned an error response (HTTP 500). Reason: oops"},
      {"Invalid Configuration Error: Request to 'http://x' returned a non-200 status code (NotFound_404), with reason: "
       "Not Found",
       ErrorKind::NotFound,
       "request to 'http://x' returned a non-200 status code (NotFound_404), with reason: Not Found"},
      {"IO Error: Could not write file \"a.parquet\": No space left on device", ErrorKind::Unavailable,
       "could not write file `a.parquet`: No space left on device"},
      {"FATAL Error: Failed: database has been invalidated", ErrorKind::Unavailable,
       "the engine failed: failed: database has been invalidated"},
      {"INTERNAL Error: Oops\n\nStack Trace:\n/lib/x(+0x5)\nThis error signals an assertion failure",
       ErrorKind::Unavailable, "the engine failed: oops"},
      {"INTERRUPT Error: Interrupted!", ErrorKind::Unavailable, "interrupted"},
      {"TransactionContext Error: Conflict on tuple deletion!", ErrorKind::Conflict, "conflict on tuple deletion"},
      {"Constraint Error: NOT NULL constraint failed: t.i", ErrorKind::Data, "NOT NULL constraint failed: t.i"},
      {"words without a type", ErrorKind::Data, "words without a type"},
      {"", ErrorKind::Data, ""},
  };
  for (const Case& one_case : cases) {
    const Error error = to_error(parse_fault(one_case.text));
    EXPECT_EQ(to_string(error.kind()), to_string(one_case.kind)) << one_case.text;
    EXPECT_EQ(error.message(), one_case.message);
  }
}

TEST(FaultTest, ALostReplyIsUnknownOnlyWhenItWasACommit) {
  const Fault fault =
      parse_fault("IO Error: POST request to endpoint 'http://x' failed: (ERROR Server closed the connection)");
  EXPECT_EQ(to_error(fault).kind(), ErrorKind::Unavailable);
  EXPECT_EQ(to_error(fault, true).kind(), ErrorKind::CommitUnknown);
}

TEST(FaultTest, ReadsTheEnginesJson) {
  const Fault fault = parse_fault(
      R"(Binder Error: {"exception_type":"Binder","exception_message":"Referenced column \"bug\" not found in FROM clause!\nCandidate bindings: \"buh\", \"bag\"","candidates":"buh,bag","position":"7","error_subtype":"COLUMN_NOT_FOUND","name":"bug"})");
  EXPECT_EQ(fault.type, "Binder");
  EXPECT_EQ(fault.message, "Referenced column \"bug\" not found in FROM clause!");
  EXPECT_EQ(fault.candidates, (std::vector<std::string>{"buh", "bag"}));
  EXPECT_EQ(fault.position, 7U);
  EXPECT_EQ(to_error(fault).what(), std::string("no column `bug`\n  hint: did you mean `buh`?"));
}

}  // namespace
}  // namespace lochan
