// Where the lake lies: what is wrong with it as a person reads it, and what is read from where.
#include "tests/project/problem_case.h"

namespace lochan {
namespace {

constexpr const char* kKeys = "access_key_id: AKIA, secret_access_key: wJalrXUtnFEMI";

ProblemCase lake(std::string name, const std::string& yaml, std::string problem) {
  return {std::move(name), {{"lochan.yaml", "name: a\nlake: " + yaml + "\n"}}, {std::move(problem)}};
}

std::string on_s3(const std::string& more = "") {
  return std::string("{ url: 's3://lake/shop', ") + kKeys + more + " }";
}

// clang-format off
const ProblemCase kCases[] = {
    lake("OtherScheme", "gs://bucket/lake",
       "lochan.yaml:2:7: nothing can be kept on `gs://`\n"
       "  hint: name a folder, such as `./lake`, or `s3://bucket/prefix`"),
    lake("NoBucket", "s3:///lake",
       "lochan.yaml:2:7: `s3:///lake` names no bucket\n"
       "  hint: write `s3://bucket/prefix`; a bucket's name has 3 to 63 of a-z, 0-9, `-` and `.`"),
    lake("DotsInThePath", "s3://bucket/a/../b",
       "lochan.yaml:2:7: `s3://bucket/a/../b` has an empty part, `.` or `..` in its path\n"
       "  hint: write `s3://bucket/prefix`"),
    lake("EndpointWithAPath", on_s3(", endpoint: 'https://host/path'"),
       "lochan.yaml:2:97: `endpoint` is text `https://host/path`, wanted a URL without a path\n"
       "  hint: such as `https://minio.example.com:9000`"),
    lake("SettingsOfAFolder", "{ url: ./lake, region: eu-west-1 }",
       "lochan.yaml:2:7: this place of the lake is a folder, and has settings for S3\n"
       "  hint: name a bucket (`url: s3://bucket/prefix`), or take the other keys away"),
    lake("HalfOfTheKeys", "{ url: 's3://lake', access_key_id: AKIA }",
       "lochan.yaml:2:7: `s3://lake` has an `access_key_id`, and no `secret_access_key`\n"
       "  hint: give both, in the same place"),
    lake("KmsKeyAlone", on_s3(", kms_key: one"),
       "lochan.yaml:2:7: `kms_key` goes with `encryption: kms`\n"
       "  hint: write both, or neither"),
    lake("PlacesInEachOther", on_s3() + "\nlayers: { raw: { lake: 's3://lake/shop/raw' } }",
       "lochan.yaml:3:24: `s3://lake/shop/raw` and `s3://lake/shop` lie in each other\n"
       "  hint: give each of them a folder, bucket or prefix of its own"),
    lake("ArchiveInTheLake", on_s3() + "\nlayers: { raw: { archive_after: 30d, archive: 's3://lake/shop/archive' } }",
       "lochan.yaml:3:47: the archive `s3://lake/shop/archive` and the lake's `s3://lake/shop` lie in each other\n"
       "  hint: give the archive a folder, bucket or prefix of its own"),
    lake("ArchiveElsewhere", "./lake\nlayers: { raw: { archive_after: 30d, archive: 'gs://cold' } }",
       "lochan.yaml:3:47: nothing can be kept on `gs://`\n"
       "  hint: name a folder, such as `./lake`, or `s3://bucket/prefix`"),
    lake("ArchiveFolderWithSettings", "./lake\nlayers: { raw: { archive_after: 30d, archive: { url: ./cold, region: eu-west-1 } } }",
       "lochan.yaml:3:47: `archive` of layer `raw` is a folder, and has settings for S3\n"
       "  hint: name a bucket (`url: s3://bucket/prefix`), or take the other keys away"),
    lake("ArchiveVendsKeys", on_s3() + "\nlayers: { raw: { archive_after: 30d, archive: { url: 's3://cold', "
                             "vended: { access_key_id: reader, secret_access_key: reads } } } }",
       "lochan.yaml:3:47: the archive of layer `raw` has `vended` keys, and no client asks for them\n"
       "  hint: take them away: what is archived is no part of a table"),
    lake("ClassOfAFolder", "./lake\nlayers: { raw: { archive_after: 30d, archive: ./cold, archive_class: GLACIER } }",
       "lochan.yaml:3:11: layer `raw` has an `archive_class`, and its archive is a folder\n"
       "  hint: storage classes are S3's: archive: s3://bucket/prefix"),
    lake("ClassThatIsNone", on_s3() + "\nlayers: { raw: { archive_after: 30d, archive: 's3://cold', archive_class: FROZEN } }",
       "lochan.yaml:3:75: `archive_class` is text `FROZEN`, wanted one of `STANDARD`, `STANDARD_IA`, `ONEZONE_IA`, "
       "`INTELLIGENT_TIERING`, `GLACIER_IR`, `GLACIER`, `DEEP_ARCHIVE`"),
    lake("LockWithoutABucket", on_s3() + "\nlayers: { raw: { immutable: true, object_lock: 30d } }",
       "lochan.yaml:3:11: layer `raw` has `object_lock`, and no bucket of its own\n"
       "  hint: an object lock goes with `immutable: true` and `lake: s3://a-bucket-of-its-own`"),
    lake("LockOfWhatMayChange", on_s3() + "\nlayers: { raw: { lake: 's3://raw', object_lock: 30d } }",
       "lochan.yaml:3:11: layer `raw` has `object_lock`, and is not immutable\n"
       "  hint: an object lock goes with `immutable: true` and `lake: s3://a-bucket-of-its-own`"),
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Lake, ProjectProblems, testing::ValuesIn(kCases), name_of);

TEST(ReadLake, AnArchiveIsReachedAsItsLayerIs) {
  WrittenProject written{{"lochan.yaml",
                          "name: a\n"
                          "lake: { url: 's3://lake/shop/', endpoint: 'https://minio:9000', region: eu-west-1, " +
                              std::string(kKeys) +
                              ",\n"
                              "        vended: { access_key_id: reader, secret_access_key: reads } }\n"
                              "layers:\n"
                              "  raw: { lake: { url: 's3://ingested', region: eu-south-1 }, archive_after: 30d, "
                              "archive: 's3://cold/raw/', archive_class: GLACIER_IR }\n"
                              "  log: { archive_after: 30d, archive: { url: 's3://frozen', endpoint: "
                              "'https://other:9000' }, archive_class: '' }\n"
                              "  old: { archive_after: 30d, archive: ./cold }\n"}};
  const Project project = written.read();
  const LayerConfig& raw = project.layers.at("raw");
  EXPECT_EQ(raw.archive->location, "s3://cold/raw");
  EXPECT_EQ(raw.archive->s3.endpoint, "https://minio:9000");
  EXPECT_EQ(raw.archive->s3.region, "eu-south-1");
  EXPECT_EQ(raw.archive->s3.keys.access_key_id, "AKIA");
  EXPECT_FALSE(raw.archive->s3.vended);
  EXPECT_EQ(raw.archive_class, "GLACIER_IR");
  EXPECT_EQ(project.layers.at("log").archive->s3.endpoint, "https://other:9000");
  EXPECT_EQ(project.layers.at("log").archive_class, "");
  EXPECT_EQ(project.layers.at("old").archive->location, (written.folder() / "cold").string());
}

TEST(ReadLake, ALayerIsReachedAsTheLakeIs) {
  WrittenProject written{{"lochan.yaml",
                          "name: a\n"
                          "lake: { url: 's3://lake/shop/', endpoint: 'https://minio:9000', region: eu-west-1, " + std::string(kKeys) + ",\n"
                          "        encryption: kms, kms_key: one, vended: { access_key_id: reader, secret_access_key: reads } }\n"
                          "layers:\n"
                          "  raw: { immutable: true, object_lock: 30d, lake: 's3://ingested/raw' }\n"
                          "  mart: { lake: { url: 's3://marts', region: eu-central-1 } }\n"
                          "  staging: { lake: ./staging }\n"}};
  const Project project = written.read();
  EXPECT_EQ(project.lake.location, "s3://lake/shop");
  EXPECT_TRUE(project.lake.s3.path_style.value());
  const LayerConfig& raw = project.layers.at("raw");
  EXPECT_EQ(raw.lake->location, "s3://ingested/raw");
  EXPECT_EQ(raw.lake->s3.endpoint, "https://minio:9000");
  EXPECT_EQ(raw.lake->s3.keys.access_key_id, "AKIA");
  EXPECT_EQ(raw.lake->s3.kms_key, "one");
  EXPECT_EQ(raw.lake->s3.vended->access_key_id, "reader");
  EXPECT_EQ(raw.object_lock, std::chrono::hours{24 * 30});
  EXPECT_EQ(project.layers.at("mart").lake->s3.region, "eu-central-1");
  EXPECT_EQ(project.layers.at("staging").lake->location, (written.folder() / "staging").string());
}

TEST(ReadLake, TakesFromDotEnvWhatItDoesNotSay) {
  WrittenProject written{{"lochan.yaml", "name: a\nlake: s3://lake\n"},
                         {".env", "AWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY=very-secret\nAWS_REGION=eu-west-2\n"}};
  const Project project = written.read();
  EXPECT_EQ(project.lake.s3.keys.secret_access_key, "very-secret");
  EXPECT_EQ(project.lake.s3.region, "eu-west-2");
  EXPECT_FALSE(project.lake.s3.path_style.value()) << "AWS wants the bucket in the host's name";
  EXPECT_EQ(written.secrets().mask("key very-secret"), "key ***");
}

TEST(ReadLake, TakesTheKeysOfAProfile) {
  WrittenProject written{{"lochan.yaml", "name: a\nlake: { url: 's3://lake', profile: data }\n"},
                         {"credentials", "[default]\naws_access_key_id = other\naws_secret_access_key = other\n"
                                         "# a person's\n[data]\naws_access_key_id=AKIA\naws_secret_access_key = shared\n"}};
  written.write(".env", "AWS_SHARED_CREDENTIALS_FILE=" + (written.folder() / "credentials").string() + "\n");
  EXPECT_EQ(written.read().lake.s3.keys, (AwsKeys{"AKIA", "shared", ""}));
}

}  // namespace
}  // namespace lochan
