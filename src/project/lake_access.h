// How places on S3 are reached: what they leave open is filled in from the project's lake and the environment.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/secret.h"
#include "project/problems.h"
#include "project/read_project.h"

namespace lochan {

/// Reads the environment, then `.env`.
using LookUp = std::function<std::optional<std::string>(const std::string&)>;

/// Of locations without a slash at their ends: the same, or below it.
bool lies_in(const std::string& inner, const std::string& outer);

/// What a place says of itself goes first, then the lake's, then the environment's.
void take_from_lake(S3Access& place, const S3Access& lake);
void complete_place(LakePlace& place, const LookUp& look_up, Secrets& secrets, Problems& problems);

/// What a command line says of the place of copies.
struct CopyAccess {
  std::string endpoint;
  std::string region;
  std::string profile;
  std::string certificates;
};

/// A folder, or `s3://bucket/prefix`. A bucket is reached as the lake's is, where that is on S3 and `endpoint` names no
/// other server; else as AWS's tools reach it. `read` is null where there is no project. Throws Error{Usage}; also for
/// a place in the lake itself.
LakePlace find_copy_place(const std::string& target, const CopyAccess& access, const ReadProject* read,
                          Secrets& secrets);

}  // namespace lochan
