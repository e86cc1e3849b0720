// The place of copies, as `backup`, `restore` and `replicate` take it: a folder, or a bucket and how it is reached.
#pragma once

#include <memory>
#include <string>

#include "catalog/object_store.h"
#include "cli/command.h"
#include "project/lake_access.h"

namespace lochan {

struct CopyPlaceOption {
  std::string target;
  CopyAccess access;

  void add(Options& options, const std::string& name, const std::string& help, bool required);
  /// `read` is null where there is no project. A bucket must answer; a folder is made, or, with `must_exist`, must be
  /// there. Throws Error{Usage}.
  std::unique_ptr<ObjectStore> open(Context& context, const ReadProject* read, bool must_exist) const;
};

/// The project here, which must be without problems.
ReadProject read_sound_project(Context& context);

}  // namespace lochan
