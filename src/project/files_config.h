// What a project says of a place of files: a bucket and how it is reached, or the names of files on a web server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "project/project.h"

namespace lochan {

/// Of a connection of kind files.
struct FilesSettings {
  LakePlace bucket;                // of `s3://bucket/prefix`; else its location is empty
  std::vector<LocatedText> names;  // of a web server that has no page which lists them
  std::vector<std::pair<std::string, Position>> written;  // the keys that are only for buckets
};

/// Where files lie.
enum class FilesPlace { Folder, Bucket, Web };
FilesPlace files_place(const Connection& connection);

/// What is in a file, as the table says or the name ends (`.csv.gz` is CSV): `csv`, `json`, `xml`, `parquet`, `excel` or
/// `bytes`; "": nothing says so.
std::string file_format_word(const SourceTable& table, const std::string& name);

/// Whether iconv knows it, and it is written letter by letter: `latin-1`, `windows-1251`, `utf-16`.
bool is_encoding(const std::string& name);

}  // namespace lochan
