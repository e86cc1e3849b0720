#include "base/aws_signature.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

// The keys, the bucket and the signatures of "Authenticating Requests: Using the Authorization Header (AWS Signature
// Version 4)", in the Amazon S3 API Reference.
const AwsKeys kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

std::string signature(AwsRequest request) {
  request.host = "examplebucket.s3.amazonaws.com";
  const auto headers = sign_aws_request(request, kKeys, "us-east-1", "s3", parse_instant("2013-05-24T00:00:00Z"));
  const std::string& text = headers.at("authorization");
  return text.substr(text.rfind('=') + 1);
}

TEST(AwsSignatureTest, SignsAGetAsPublished) {
  EXPECT_EQ(signature({"GET", "", "/test.txt", {}, {{"range", "bytes=0-9"}}, ""}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(AwsSignatureTest, SignsAPutAsPublished) {
  const std::string path = "/" + aws_encoded("test$file.text");
  const std::map<std::string, std::string> headers{{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  EXPECT_EQ(signature({"PUT", "", path, {}, headers, "Welcome to Amazon S3."}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(AwsSignatureTest, SignsAQueryWithoutAValueAsPublished) {
  EXPECT_EQ(signature({"GET", "", "/", {{"lifecycle", ""}}, {}, ""}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(AwsSignatureTest, SignsAListAsPublished) {
  EXPECT_EQ(signature({"GET", "", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, ""}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignatureTest, SendsAndSignsTheSessionToken) {
  AwsKeys keys = kKeys;
  keys.session_token = "a token";
  const auto headers = sign_aws_request({"GET", "host", "/", {}, {}, ""}, keys, "us-east-1", "s3",
                                        parse_instant("2013-05-24T00:00:00Z"));
  EXPECT_EQ(headers.at("x-amz-security-token"), "a token");
  EXPECT_NE(headers.at("authorization").find("x-amz-date;x-amz-security-token,"), std::string::npos);
}

TEST(AwsSignatureTest, EncodesWhatAPathAndAQueryMayNotHave) {
  EXPECT_EQ(aws_encoded("raw/dt=2026-11-21/ä b+c.parquet", true), "raw/dt%3D2026-11-21/%C3%A4%20b%2Bc.parquet");
  EXPECT_EQ(aws_query({{"prefix", "raw/sale"}, {"a", "&"}}), "a=%26&prefix=raw%2Fsale");
}

}  // namespace
}  // namespace lochan
