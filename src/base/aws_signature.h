// AWS's Signature Version 4, with which a request to S3 shows that its sender knows the secret key.
// libcurl can sign too; why it doesn't: docs/decisions/0190-own-signature-for-s3.md.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/aws_keys.h"
#include "base/clock.h"

namespace lochan {

struct AwsRequest {
  std::string method;
  std::string host;                                        // as the header `Host` has it
  std::string path;                                        // as it is sent: encoded, beginning with "/"
  std::vector<std::pair<std::string, std::string>> query;  // plain, in any order
  std::map<std::string, std::string> headers;              // those to sign beside `host`; names in lower case
  std::string_view body;
};

/// The headers to send beside those of the request: authorization, x-amz-date, x-amz-content-sha256 and, with a session
/// token, x-amz-security-token.
std::map<std::string, std::string> sign_aws_request(const AwsRequest& request, const AwsKeys& keys,
                                                    std::string_view region, std::string_view service, Instant now);

/// All but letters, digits and `-_.~` as %XX; `/` stays where `keep_slash`.
std::string aws_encoded(std::string_view text, bool keep_slash = false);
/// "a=1&list-type=2": encoded, in the order that is signed.
std::string aws_query(const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace lochan
