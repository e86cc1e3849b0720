// Places of the lake: what they leave to the environment is filled in, and none lies in another.
#include <fmt/format.h>

#include <fstream>

#include "base/text.h"
#include "project/files_config.h"
#include "project/http_config.h"
#include "project/lake_access.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void take(std::string& into, const std::string& from) {
  if (into.empty()) into = from;
}

void take(std::string& into, const LookUp& look_up, std::initializer_list<const char*> names) {
  for (const char* name : names) take(into, look_up(name).value_or(""));
}

bool has_settings(const S3Access& s3) {
  return !s3.endpoint.empty() || !s3.region.empty() || s3.path_style || !s3.keys.is_empty() || !s3.profile.empty() ||
         !s3.certificates.empty() || s3.encryption != Encryption::Bucket || !s3.kms_key.empty() || s3.vended;
}

}  // namespace

void take_from_lake(S3Access& s3, const S3Access& lake) {
  const bool is_other_server = !s3.endpoint.empty() && s3.endpoint != lake.endpoint;
  if (s3.keys.is_empty() && s3.profile.empty()) {
    s3.keys = lake.keys;
    s3.profile = lake.profile;
  }
  if (!s3.path_style && !is_other_server) s3.path_style = lake.path_style;
  if (s3.certificates.empty() && !is_other_server) s3.certificates = lake.certificates;
  take(s3.endpoint, lake.endpoint);
  take(s3.region, lake.region);
  if (!s3.vended) s3.vended = lake.vended;
  if (s3.encryption == Encryption::Bucket && s3.kms_key.empty()) {
    s3.encryption = lake.encryption;
    s3.kms_key = lake.kms_key;
  }
}

namespace {

// "Shared config and credentials files", AWS SDKs and Tools Reference Guide: `[profile]`, then `name = value` a line.
AwsKeys keys_of_profile(const std::string& file, const std::string& profile) {
  AwsKeys keys;
  std::ifstream lines(file);
  bool is_ours = false;
  for (std::string line; std::getline(lines, line);) {
    const std::string_view text = text::trim(line);
    if (text.starts_with('[')) is_ours = text::trim(text.substr(1, text.find(']') - 1)) == profile;
    const auto equals = text.find('=');
    if (!is_ours || equals == std::string_view::npos || text.starts_with('#')) continue;
    const std::string name = text::lower(text::trim(text.substr(0, equals)));
    const std::string value(text::trim(text.substr(equals + 1)));
    if (name == "aws_access_key_id") keys.access_key_id = value;
    if (name == "aws_secret_access_key") keys.secret_access_key = value;
    if (name == "aws_session_token") keys.session_token = value;
  }
  return keys;
}

void find_keys(LakePlace& place, const LookUp& look_up, Problems& problems) {
  AwsKeys& keys = place.s3.keys;
  if (keys.is_empty() && place.s3.profile.empty()) {
    take(keys.access_key_id, look_up, {"AWS_ACCESS_KEY_ID"});
    take(keys.secret_access_key, look_up, {"AWS_SECRET_ACCESS_KEY"});
    take(keys.session_token, look_up, {"AWS_SESSION_TOKEN"});
  }
  std::string profile = place.s3.profile;
  take(profile, look_up, {"AWS_PROFILE"});
  const bool is_named = !profile.empty();
  take(profile, "default");
  const std::string file = look_up("AWS_SHARED_CREDENTIALS_FILE").value_or(look_up("HOME").value_or("") + "/.aws/credentials");
  if (keys.is_empty()) {
    keys = keys_of_profile(file, profile);
    if (keys.is_empty() && is_named) {
      problems.add(place.position, fmt::format("the profile `{}` has no keys in {}", profile, file),
                   "write `aws_access_key_id` and `aws_secret_access_key` there, or give the keys otherwise: see docs/s3.md");
      return;
    }
  }
  if (keys.access_key_id.empty() != keys.secret_access_key.empty())
    problems.add(place.position, fmt::format("`{}` has {}, and no {}", place.location,
                                             keys.access_key_id.empty() ? "a `secret_access_key`" : "an `access_key_id`",
                                             keys.access_key_id.empty() ? "`access_key_id`" : "`secret_access_key`"),
                 "give both, in the same place");
  else if (keys.is_empty())
    problems.add(place.position, fmt::format("there are no keys for `{}`", place.location),
                 "give `access_key_id` and `secret_access_key`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                 "AWS_PROFILE");
}

}  // namespace

void complete_place(LakePlace& place, const LookUp& look_up, Secrets& secrets, Problems& problems) {
  if (!place.is_on_s3()) {
    if (has_settings(place.s3))
      problems.add(
          place.position,
          fmt::format("{} is a folder, and has settings for S3",
                      place.written_in == LakePlace().written_in ? "this place of the lake" : place.written_in),
          "name a bucket (`url: s3://bucket/prefix`), or take the other keys away");
    return;
  }
  S3Access& s3 = place.s3;
  take(s3.endpoint, look_up, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  while (s3.endpoint.ends_with('/')) s3.endpoint.pop_back();
  take(s3.region, look_up, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  take(s3.region, "us-east-1");
  if (!s3.path_style) s3.path_style = !s3.endpoint.empty();
  if (!s3.kms_key.empty() && s3.encryption != Encryption::Kms)
    problems.add(place.position, "`kms_key` goes with `encryption: kms`", "write both, or neither");
  find_keys(place, look_up, problems);
  for (const AwsKeys& keys : {s3.keys, s3.vended.value_or(AwsKeys{})}) {
    secrets.add(keys.secret_access_key);
    secrets.add(keys.session_token);
  }
}

bool lies_in(const std::string& inner, const std::string& outer) {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

namespace {

// What lies in the lake's own place is taken for a layer of it, and tended as one.
void refuse_nested(const Project& project, Problems& problems) {
  std::vector<const LakePlace*> others{&project.lake};
  for (const auto& [name, layer] : project.layers) {
    if (!layer.lake) continue;
    for (const LakePlace* other : others)
      if (lies_in(layer.lake->location, other->location) || lies_in(other->location, layer.lake->location))
        problems.add(layer.lake->position,
                     fmt::format("`{}` and `{}` lie in each other", layer.lake->location, other->location),
                     "give each of them a folder, bucket or prefix of its own");
    others.push_back(&*layer.lake);
  }
}

// An archive is not the lake's: what is found in a place of the lake and named by no table is removed.
void refuse_archive_inside(const Project& project, const LakePlace& archive, Problems& problems) {
  const auto refuse = [&](const LakePlace& lake) {
    if (lies_in(archive.location, lake.location) || lies_in(lake.location, archive.location))
      problems.add(
          archive.position,
          fmt::format("the archive `{}` and the lake's `{}` lie in each other", archive.location, lake.location),
          "give the archive a folder, bucket or prefix of its own");
  };
  refuse(project.lake);
  for (const auto& [name, layer] : project.layers)
    if (layer.lake) refuse(*layer.lake);
}

// It is reached as its layer's tables are.
void complete_archive(Project& project, LayerConfig& layer, const LookUp& look_up, Secrets& secrets,
                      Problems& problems) {
  LakePlace& archive = *layer.archive;
  archive.written_in = fmt::format("`archive` of layer `{}`", layer.name);
  if (archive.s3.vended)
    problems.add(archive.position,
                 fmt::format("the archive of layer `{}` has `vended` keys, and no client asks for them", layer.name),
                 "take them away: what is archived is no part of a table");
  const LakePlace& tables = layer.lake ? *layer.lake : project.lake;
  if (archive.is_on_s3() && tables.is_on_s3()) take_from_lake(archive.s3, tables.s3);
  archive.s3.vended.reset();
  complete_place(archive, look_up, secrets, problems);
  refuse_archive_inside(project, archive, problems);
}

void verify_layer(const LayerConfig& layer, Problems& problems) {
  if (!layer.object_lock) return;
  const bool is_own = layer.lake && layer.lake->is_on_s3();
  if (!layer.immutable || !is_own)
    problems.add(layer.position, fmt::format("layer `{}` has `object_lock`, and {}", layer.name,
                                             layer.immutable ? "no bucket of its own" : "is not immutable"),
                 "an object lock goes with `immutable: true` and `lake: s3://a-bucket-of-its-own`");
  if (*layer.object_lock < std::chrono::hours{24})
    problems.add(layer.position, fmt::format("`object_lock` of layer `{}` is shorter than a day", layer.name),
                 "buckets keep objects for whole days: give 1d or more");
}

}  // namespace

void complete_buckets(Project& project, const LookUp& look_up, Secrets& secrets, Problems& problems) {
  for (auto& [name, connection] : project.connections) {
    if (connection.kind != "files" || !connection.files || connection.files->bucket.location.empty()) continue;
    LakePlace& bucket = connection.files->bucket;
    if (connection.http) bucket.s3.certificates = connection.http->certificates;
    complete_place(bucket, look_up, secrets, problems);
  }
}

void complete_lakes(Project& project, const LookUp& look_up, Secrets& secrets, Problems& problems) {
  for (auto& [name, layer] : project.layers) {
    verify_layer(layer, problems);
    if (!layer.lake) continue;
    if (layer.lake->is_on_s3() && project.lake.is_on_s3()) take_from_lake(layer.lake->s3, project.lake.s3);
    complete_place(*layer.lake, look_up, secrets, problems);
    const auto& own = layer.lake->s3.certificates;
    if (project.lake.is_on_s3() && layer.lake->is_on_s3() && own != project.lake.s3.certificates)
      problems.add(layer.lake->position, "the engine trusts one file of certificates, and these places name different ones",
                   "put all authorities into one file, and name it in each");
  }
  complete_place(project.lake, look_up, secrets, problems);
  refuse_nested(project, problems);
  for (auto& [name, layer] : project.layers)
    if (layer.archive) complete_archive(project, layer, look_up, secrets, problems);
}

}  // namespace lochan
