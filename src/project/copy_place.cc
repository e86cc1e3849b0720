// Where copies of the lake go to and come from.
#include <fmt/format.h>

#include "project/connection_url.h"
#include "project/lake_access.h"
#include "project/variables.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kS3 = "s3://";

std::string real_location(const LakePlace& place) {
  std::error_code failed;
  if (place.is_on_s3()) return place.location;
  const fs::path real = fs::weakly_canonical(place.location, failed);
  return failed ? place.location : real.string();
}

void refuse_inside(const LakePlace& copies, const Project& project) {
  const auto refuse = [&](const LakePlace& lake) {
    if (lies_in(real_location(copies), real_location(lake)))
      throw Error(ErrorKind::Usage, "a backup can't lie in the lake itself").hint("name another place");
  };
  refuse(project.lake);
  for (const auto& [name, layer] : project.layers)
    if (layer.lake) refuse(*layer.lake);
}

LakePlace read_bucket(const std::string& target, const CopyAccess& access) {
  LakePlace place;
  place.location = target;
  while (place.location.ends_with('/')) place.location.pop_back();
  if (const auto problem = find_s3_url_problem(place.location))
    throw Error(ErrorKind::Usage, problem->message()).hint(problem->hint());
  const bool is_url = access.endpoint.starts_with("http://") || access.endpoint.starts_with("https://");
  if (!access.endpoint.empty() && !is_url)
    throw Error(ErrorKind::Usage, fmt::format("`--endpoint` is `{}`, wanted a URL", access.endpoint))
        .hint("such as `https://minio.example.com:9000`");
  place.s3.endpoint = access.endpoint;
  place.s3.region = access.region;
  place.s3.profile = access.profile;
  if (!access.certificates.empty()) place.s3.certificates = fs::absolute(access.certificates);
  return place;
}

}  // namespace

LakePlace find_copy_place(const std::string& target, const CopyAccess& access, const ReadProject* read,
                          Secrets& secrets) {
  const bool is_on_s3 = target.starts_with(kS3);
  if (!is_on_s3 && target.find("://") != std::string::npos)
    throw Error(ErrorKind::Usage, fmt::format("copies can't lie on `{}`", target.substr(0, target.find("://") + 3)))
        .hint("name a folder, or `s3://bucket/prefix`");
  if (!is_on_s3 && !(access.endpoint + access.region + access.profile + access.certificates).empty())
    throw Error(
        ErrorKind::Usage,
        fmt::format("`{}` is a folder: `--endpoint`, `--region`, `--profile` and `--certificates` are for S3", target));
  LakePlace place;
  if (is_on_s3)
    place = read_bucket(target, access);
  else
    place.location = fs::absolute(target).lexically_normal().string();
  while (place.location.size() > 1 && place.location.ends_with('/')) place.location.pop_back();
  if (read != nullptr) refuse_inside(place, read->project);
  if (!is_on_s3) return place;
  const bool is_other_server =
      read != nullptr && !access.endpoint.empty() && access.endpoint != read->project.lake.s3.endpoint;
  if (read != nullptr && read->project.lake.is_on_s3() && !is_other_server)
    take_from_lake(place.s3, read->project.lake.s3);
  const LookUp look_up = [&](const std::string& name) -> std::optional<std::string> {
    if (auto value = environment_variable(name)) return value;
    if (read == nullptr || !read->dot_env.contains(name)) return std::nullopt;
    return read->dot_env.at(name);
  };
  Problems problems;
  complete_place(place, look_up, secrets, problems);
  std::vector<Error> found = problems.take_sorted();
  if (!found.empty())
    throw Error(ErrorKind::Usage, found.front().message())
        .hint(
            "keys come from the project's `lake` where that is on S3, else from AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or "
            "`--profile`: see docs/backup.md");
  return place;
}

}  // namespace lochan
