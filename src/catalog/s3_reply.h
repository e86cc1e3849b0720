// What S3 answers, in XML: listings and errors (Amazon S3 API Reference).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/object_store.h"

namespace lochan {

/// The body of an error; all empty when the answer has none.
struct S3Fault {
  std::string code;     // "NoSuchKey"
  std::string message;
  std::string region;   // of AuthorizationHeaderMalformed and PermanentRedirect
};
S3Fault read_s3_fault(std::string_view body);

/// A page of ListObjectsV2; names are the whole keys.
struct S3Page {
  std::vector<ObjectInfo> objects;
  std::string next;  // the token of the next page; "" after the last one
};
/// Throws Error{Data} for what is no such page.
S3Page read_s3_page(std::string_view body);

/// DeleteObjects answers 200 and names the objects that it didn't delete: the first of them, as `key: code message`.
std::string failed_removal(std::string_view body);

/// The first element of that name, wherever it stands: `UploadId`, `Mode`. "" when there is none.
std::string s3_element(std::string_view body, std::string_view name);

}  // namespace lochan
