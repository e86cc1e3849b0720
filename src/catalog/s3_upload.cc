#include "catalog/s3_upload.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "catalog/s3_reply.h"

namespace lochan {
namespace {

constexpr std::uint64_t kPart = 16u << 20;
constexpr std::uint64_t kMostParts = 10'000;

std::string next_part(std::ifstream& file, const std::filesystem::path& path, std::uint64_t size) {
  std::string bytes(size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::uint64_t>(file.gcount()) != size) throw_file_error("read", path, EIO);
  return bytes;
}

void send_body(S3Client& client, S3Request& request, std::string bytes, std::string* etag = nullptr) {
  request.headers["content-md5"] = md5_base64(bytes);
  request.body = std::move(bytes);
  const HttpReply reply = client.send(request);
  if (etag != nullptr) *etag = reply.header("etag");
}

// An answer of 200 may still hold an error; one that was lost leaves no upload to complete again.
void complete(S3Client& client, const S3Request& put, const std::string& upload, const std::string& parts) {
  S3Request request{.method = "POST", .key = put.key, .query = {{"uploadId", upload}}};
  request.headers["content-type"] = "application/xml";  // else it may be taken for a form
  request.body = "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>";
  const HttpReply reply = client.send(request, {404});
  const S3Fault fault = read_s3_fault(reply.body);
  if (reply.status == 404 && client.send({.method = "HEAD", .key = put.key}, {404}).succeeded()) return;
  if (!fault.code.empty())
    throw Error(ErrorKind::Unavailable,
                fmt::format("the upload of `{}` was answered {} ({})", put.key, fault.code, fault.message));
}

}  // namespace

std::string md5_base64(std::string_view bytes) {
  std::array<unsigned char, 16> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::array<unsigned char, 25> text{};
  EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  return reinterpret_cast<const char*>(text.data());
}

void upload_to_s3(S3Client& client, S3Request put, const std::filesystem::path& path) {
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(path, failed);
  if (failed) throw_file_error("read", path, failed.value());
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_file_error("read", path, errno);
  if (size <= kPart) return send_body(client, put, next_part(file, path, size));

  // What the object is to be is said here; the parts are bytes.
  const S3Request begin{.method = "POST", .key = put.key, .query = {{"uploads", ""}}, .headers = put.headers};
  const std::string upload = s3_element(client.send(begin).body, "UploadId");
  try {
    const std::uint64_t at_once = std::max(kPart, size / kMostParts + 1);
    std::string parts;
    int number = 0;
    for (std::uint64_t from = 0; from < size; from += at_once) {
      S3Request part{.method = "PUT", .key = put.key};
      part.query = {{"partNumber", std::to_string(++number)}, {"uploadId", upload}};
      part.headers["content-type"] = "application/octet-stream";
      std::string etag;
      send_body(client, part, next_part(file, path, std::min(at_once, size - from)), &etag);
      parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, etag);
    }
    complete(client, put, upload, parts);
  } catch (const Error&) {
    try {
      client.send({.method = "DELETE", .key = put.key, .query = {{"uploadId", upload}}}, {404});
    } catch (const Error&) {
      // The bucket's rule for unfinished uploads removes its parts: see docs/s3.md.
    }
    throw;
  }
}

}  // namespace lochan
