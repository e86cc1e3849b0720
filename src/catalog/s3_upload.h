// A file to S3, whole or in parts ("Uploading and copying objects using multipart upload", Amazon S3 User Guide).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "catalog/s3_client.h"

namespace lochan {

/// `put` is the request without a body. Until the last request nobody sees the object.
void upload_to_s3(S3Client& client, S3Request put, const std::filesystem::path& file);

/// Of the bytes' MD5, as the header `Content-MD5` has it (RFC 1864).
std::string md5_base64(std::string_view bytes);

}  // namespace lochan
