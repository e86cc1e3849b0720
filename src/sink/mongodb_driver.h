// The functions of MongoDB's driver, libmongoc. It is loaded when a connection is opened: with the libraries that it
// needs in turn it would cost every command 6 ms and 4 MB.
#pragma once

#include <mongoc/mongoc.h>

namespace lochan {

struct MongoDriver {
  decltype(&mongoc_uri_new_with_error) uri_new_with_error;
  decltype(&mongoc_uri_destroy) uri_destroy;
  decltype(&mongoc_uri_get_database) uri_get_database;
  decltype(&mongoc_uri_get_username) uri_get_username;
  decltype(&mongoc_uri_get_auth_source) uri_get_auth_source;
  decltype(&mongoc_uri_get_option_as_int32) uri_get_option_as_int32;
  decltype(&mongoc_uri_set_option_as_int32) uri_set_option_as_int32;
  decltype(&mongoc_uri_get_appname) uri_get_appname;
  decltype(&mongoc_uri_set_appname) uri_set_appname;
  decltype(&mongoc_read_prefs_new) read_prefs_new;
  decltype(&mongoc_read_prefs_destroy) read_prefs_destroy;
  decltype(&mongoc_client_new_from_uri_with_error) client_new_from_uri_with_error;
  decltype(&mongoc_client_destroy) client_destroy;
  decltype(&mongoc_client_set_error_api) client_set_error_api;
  decltype(&mongoc_client_set_read_prefs) client_set_read_prefs;
  decltype(&mongoc_client_command_with_opts) client_command_with_opts;
  decltype(&mongoc_client_get_collection) client_get_collection;
  decltype(&mongoc_client_get_database) client_get_database;
  decltype(&mongoc_collection_destroy) collection_destroy;
  decltype(&mongoc_collection_find_with_opts) collection_find_with_opts;
  decltype(&mongoc_collection_write_command_with_opts) collection_write_command_with_opts;
  decltype(&mongoc_database_destroy) database_destroy;
  decltype(&mongoc_database_find_collections_with_opts) database_find_collections_with_opts;
  decltype(&mongoc_cursor_next) cursor_next;
  decltype(&mongoc_cursor_error) cursor_error;
  decltype(&mongoc_cursor_destroy) cursor_destroy;
};

/// Loads it when it is called first; any thread may. Throws Error{Project} when it isn't installed.
const MongoDriver& mongo_driver();

/// Frees a handle of it.
struct MongoFree {
  void operator()(mongoc_uri_t* uri) const { mongo_driver().uri_destroy(uri); }
  void operator()(mongoc_read_prefs_t* preferences) const { mongo_driver().read_prefs_destroy(preferences); }
  void operator()(mongoc_client_t* client) const { mongo_driver().client_destroy(client); }
  void operator()(mongoc_collection_t* collection) const { mongo_driver().collection_destroy(collection); }
  void operator()(mongoc_database_t* database) const { mongo_driver().database_destroy(database); }
  void operator()(mongoc_cursor_t* cursor) const { mongo_driver().cursor_destroy(cursor); }
};

}  // namespace lochan
