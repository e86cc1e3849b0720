// The project as it is served from one reload to the next: its lake, opened, and who may ask what of it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "catalog/outside_readers.h"
#include "catalog/rest_routes.h"
#include "project/read_project.h"
#include "run/lake.h"
#include "serve/sign_in.h"

namespace lochan {

/// May be shared between threads.
class ServedProject {
 public:
  /// Writes a copy of the project's files for the processes that are started. Throws Error as Lake does. The clock and
  /// the log must outlive it.
  ServedProject(ReadProject read, const Clock& clock, Log& log);

  const Project& project() const { return read_.project; }
  const ReadProject& read() const { return read_; }
  Lake& lake() { return lake_; }
  const SignIn& sign_in() const { return sign_in_; }
  /// Of the processes that are started for it.
  const std::map<std::string, std::string>& environment() const { return environment_; }
  const std::filesystem::path& copy() const { return copy_; }

  /// A request of the catalog's protocol from a client that has signed in: it reads `main` and `at-N`, and writes tables
  /// on main that the project doesn't make.
  HttpResponse answer_catalog(const HttpRequest& request);

 private:
  const ReadProject read_;
  Lake lake_;
  const std::filesystem::path copy_;
  const std::map<std::string, std::string> environment_;
  const SignIn sign_in_;
  const RestRoutes routes_;
  OutsideReaders readers_;
};

/// The one that is served now. A request keeps the one it began with.
class CurrentProject {
 public:
  explicit CurrentProject(std::shared_ptr<ServedProject> first) : served_(std::move(first)) {}

  // Shared: requests that began before a reload end with the project they know.
  std::shared_ptr<ServedProject> get() const {
    const std::lock_guard lock(mutex_);
    return served_;
  }
  void put(std::shared_ptr<ServedProject> next) {
    const std::lock_guard lock(mutex_);
    served_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<ServedProject> served_;  // guarded by mutex_
};

}  // namespace lochan
