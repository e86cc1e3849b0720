// The keys of `lake`, in lochan.yaml and in a layer: where tables lie, and how the place is reached.
#include <fmt/format.h>

#include "project/connection_url.h"
#include "project/file_keys.h"

namespace lochan {
namespace {

constexpr std::string_view kS3 = "s3://";

void read_location(ValueReader& reader, const YamlValue& value, LakePlace& place) {
  auto text = reader.read_scalar(value, "url", {});
  if (!text) return;
  const auto scheme = text->find("://");
  if (scheme == std::string::npos) {
    place.location = absolute_path(reader.folder(), *text).string();
    return;
  }
  if (!text->starts_with(kS3)) {
    reader.problems().add(value.position, fmt::format("nothing can be kept on `{}`", text->substr(0, scheme + 3)),
                          "name a folder, such as `./lake`, or `s3://bucket/prefix`");
    return;
  }
  place.location = read_s3_location(std::move(*text), value, reader.problems());
}

}  // namespace

void read_s3_endpoint(ValueReader& reader, const YamlValue& value, LakePlace& place) {
  auto text = reader.read_scalar(value, "endpoint", {});
  if (!text) return;
  while (text->ends_with('/')) text->pop_back();
  const auto scheme = text->find("://");
  const bool is_url = text->starts_with("http://") || text->starts_with("https://");
  if (!is_url || text->find('/', scheme + 3) != std::string::npos || text->size() == scheme + 3)
    reader.problems().add(value.position,
                          fmt::format("`endpoint` is {}, wanted a URL without a path", describe_found(value)),
                          "such as `https://minio.example.com:9000`");
  else
    place.s3.endpoint = *text;
}

namespace {

Keys<LakePlace>& add_text(Keys<LakePlace>& keys, std::string_view name, std::string S3Access::*member, std::string_view help) {
  const Key key{.name = name, .help = help};
  return keys.add(key, [key, member](ValueReader& reader, const YamlValue& value, LakePlace& place) {
    Member<std::string>::read(reader, value, key, place.s3.*member);
  });
}

Keys<LakePlace>& add_secret(Keys<LakePlace>& keys, std::string_view name, std::string AwsKeys::*member, std::string_view help) {
  const Key key{.name = name, .help = help};
  return keys.add(key, [key, member](ValueReader& reader, const YamlValue& value, LakePlace& place) {
    Member<std::string>::read(reader, value, key, place.s3.keys.*member);
  });
}

Keys<LakePlace> make_lake_keys() {
  Keys<LakePlace> keys("lake", "`lake`, of the project or of a layer",
                       "Where tables lie. A path or a URL alone is its `url`; the other keys are for S3. See docs/s3.md.");
  keys.add({.name = "url", .is_required = true, .help = "a folder, or `s3://bucket/prefix`"}, read_location);
  keys.add({.name = "endpoint",
            .help = "the server's URL where it isn't AWS; by default `AWS_ENDPOINT_URL` of the environment, else AWS"},
           read_s3_endpoint);
  add_text(keys, "region", &S3Access::region,
           "by default `AWS_REGION` of the environment, else `AWS_DEFAULT_REGION`, else `us-east-1`");
  const Key path_style{.name = "path_style",
                       .type = {.shape = ValueType::Shape::Flag},
                       .help = "the bucket stands in the path, not in the host's name; by default where there is an endpoint"};
  keys.add(path_style, [path_style](ValueReader& reader, const YamlValue& value, LakePlace& place) {
    Member<std::optional<bool>>::read(reader, value, path_style, place.s3.path_style);
  });
  add_secret(keys, "access_key_id", &AwsKeys::access_key_id, "by default `AWS_ACCESS_KEY_ID` of the environment");
  add_secret(keys, "secret_access_key", &AwsKeys::secret_access_key,
             "by default `AWS_SECRET_ACCESS_KEY` of the environment; write it as a variable");
  add_secret(keys, "session_token", &AwsKeys::session_token, "of keys that expire; by default `AWS_SESSION_TOKEN`");
  add_text(keys, "profile", &S3Access::profile,
           "the part of AWS's shared credentials file that has the keys; by default `AWS_PROFILE`, where the environment "
           "has no keys");
  keys.add({.name = "certificates", .help = "a file of the authorities to trust, in PEM; by default the machine's"},
           [](ValueReader& reader, const YamlValue& value, LakePlace& place) {
             if (const auto text = reader.read_scalar(value, "certificates", {}))
               place.s3.certificates = absolute_path(reader.folder(), *text);
           });
  const Key encryption{.name = "encryption",
                       .type = Member<Encryption>::type(),
                       .default_text = "bucket",
                       .help = "`s3` or `kms`: objects must be encrypted so, by the bucket's default, which is checked"};
  keys.add(encryption, [encryption](ValueReader& reader, const YamlValue& value, LakePlace& place) {
    Member<Encryption>::read(reader, value, encryption, place.s3.encryption);
  });
  add_text(keys, "kms_key", &S3Access::kms_key, "with `encryption: kms`: the key's id or ARN; by default the account's own");
  keys.add({.name = "vended",
            .type = {.shape = ValueType::Shape::Mapping, .keys = &vended_keys().table()},
            .help = "keys for the clients of `lochan serve` that ask for them; without it they need keys of their own"},
           [](ValueReader& reader, const YamlValue& value, LakePlace& place) {
             vended_keys().read(reader, value, place.s3.vended.emplace());
           });
  return keys;
}

}  // namespace

const Keys<LakePlace>& lake_keys() {
  static const Keys<LakePlace> kKeys = make_lake_keys();
  return kKeys;
}

const Keys<AwsKeys>& vended_keys() {
  static const Keys<AwsKeys> kKeys =
      Keys<AwsKeys>("vended", "`vended`, in `lake`", "Keys that clients of `lochan serve` get: best ones that only read.")
          .add("access_key_id", &AwsKeys::access_key_id, "the key's id", {.is_required = true})
          .add("secret_access_key", &AwsKeys::secret_access_key, "the key; write it as a variable", {.is_required = true})
          .add("session_token", &AwsKeys::session_token, "of keys that expire");
  return kKeys;
}

std::optional<LakePlace> read_lake_place(ValueReader& reader, const YamlValue& value) {
  LakePlace place;
  place.position = value.position;
  const std::size_t before = reader.problems().size();
  if (value.kind == YamlValue::Kind::Mapping)
    lake_keys().read(reader, value, place);
  else
    read_location(reader, value, place);
  return reader.problems().size() == before && !place.location.empty() ? std::optional(std::move(place)) : std::nullopt;
}

}  // namespace lochan
