#include "sink/mongodb_driver.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <string>

#include "base/error.h"

namespace lochan {
namespace {

constexpr const char* kLibrary = "libmongoc-1.0.so.0";

[[noreturn]] void refuse() {
  const char* const why = ::dlerror();
  throw Error(ErrorKind::Project,
              fmt::format("MongoDB's driver can't be loaded: {}", why == nullptr ? "no reason is given" : why))
      .hint("install libmongoc, version 1.23 or later: `apt-get install libmongoc-1.0-0`");
}

void* find(void* library, const char* name) {
  void* const found = ::dlsym(library, name);
  if (found == nullptr) refuse();
  return found;
}

// It is never unloaded: it may have threads of its own.
MongoDriver load() {
  void* const library = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) refuse();
  MongoDriver driver{};
#define LOCHAN_FIND(function) \
  driver.function = reinterpret_cast<decltype(driver.function)>(find(library, "mongoc_" #function))
  LOCHAN_FIND(uri_new_with_error);
  LOCHAN_FIND(uri_destroy);
  LOCHAN_FIND(uri_get_database);
  LOCHAN_FIND(uri_get_username);
  LOCHAN_FIND(uri_get_auth_source);
  LOCHAN_FIND(uri_get_option_as_int32);
  LOCHAN_FIND(uri_set_option_as_int32);
  LOCHAN_FIND(uri_get_appname);
  LOCHAN_FIND(uri_set_appname);
  LOCHAN_FIND(read_prefs_new);
  LOCHAN_FIND(read_prefs_destroy);
  LOCHAN_FIND(client_new_from_uri_with_error);
  LOCHAN_FIND(client_destroy);
  LOCHAN_FIND(client_set_error_api);
  LOCHAN_FIND(client_set_read_prefs);
  LOCHAN_FIND(client_command_with_opts);
  LOCHAN_FIND(client_get_collection);
  LOCHAN_FIND(client_get_database);
  LOCHAN_FIND(collection_destroy);
  LOCHAN_FIND(collection_find_with_opts);
  LOCHAN_FIND(collection_write_command_with_opts);
  LOCHAN_FIND(database_destroy);
  LOCHAN_FIND(database_find_collections_with_opts);
  LOCHAN_FIND(cursor_next);
  LOCHAN_FIND(cursor_error);
  LOCHAN_FIND(cursor_destroy);
#undef LOCHAN_FIND
  reinterpret_cast<decltype(&mongoc_init)>(find(library, "mongoc_init"))();
  // It would write to standard error.
  reinterpret_cast<decltype(&mongoc_log_set_handler)>(find(library, "mongoc_log_set_handler"))(nullptr, nullptr);
  return driver;
}

}  // namespace

const MongoDriver& mongo_driver() {
  static const MongoDriver kDriver = load();
  return kDriver;
}

}  // namespace lochan
