#include "cli/copy_place.h"

#include <fmt/format.h>

#include "base/error.h"
#include "plan/analysis.h"

namespace lochan {

void CopyPlaceOption::add(Options& options, const std::string& name, const std::string& help, bool required) {
  options.argument(name, target, help, required);
  options.text("--endpoint", access.endpoint, "URL", "of the bucket's server, where it is neither the lake's nor AWS");
  options.text("--region", access.region, "REGION", "of the bucket");
  options.text("--profile", access.profile, "NAME",
               "the part of AWS's shared credentials file that has the bucket's keys");
  options.text("--certificates", access.certificates, "FILE", "the authorities to trust, in PEM");
}

std::unique_ptr<ObjectStore> CopyPlaceOption::open(Context& context, const ReadProject* read, bool must_exist) const {
  const LakePlace place = find_copy_place(target, access, read, context.secrets);
  if (!place.is_on_s3()) {
    if (must_exist && !std::filesystem::exists(place.location))
      throw Error(ErrorKind::Usage, fmt::format("there is no folder `{}`", place.location));
    return make_local_store(place.location);
  }
  S3StoreOptions quick;
  quick.attempts = 2;  // somebody waits for the answer
  make_s3_store(place, context.clock, quick)->check();
  return make_s3_store(place, context.clock);
}

ReadProject read_sound_project(Context& context) {
  ReadProject read = read_project_here(context);
  if (!read.problems.empty()) throw ProjectProblems(std::move(read.problems));
  return read;
}

}  // namespace lochan
