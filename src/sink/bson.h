// A document in MongoDB's binary form, owned.
#pragma once

#include <bson/bson.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lochan {

class Bson {
 public:
  Bson() : document_(bson_new()) {}
  /// Takes over what a C function gave.
  explicit Bson(bson_t* document) : document_(document) {}
  Bson(const Bson& other) : document_(bson_copy(other.document_)) {}
  Bson(Bson&& other) noexcept : document_(std::exchange(other.document_, nullptr)) {}
  Bson& operator=(Bson other) noexcept {
    std::swap(document_, other.document_);
    return *this;
  }
  ~Bson() {
    if (document_ != nullptr) bson_destroy(document_);
  }

  Bson& add(std::string_view name, std::string_view text);
  Bson& add(std::string_view name, const char* text) { return add(name, std::string_view(text)); }
  Bson& add(std::string_view name, std::int64_t number);
  Bson& add(std::string_view name, int number) { return add(name, std::int64_t{number}); }
  Bson& add(std::string_view name, bool flag);
  Bson& add(std::string_view name, const Bson& document);
  Bson& add(std::string_view name, const std::vector<Bson>& documents);
  Bson& add(std::string_view name, const bson_iter_t& value);
  Bson& add_null(std::string_view name);

  const bson_t* get() const { return document_; }
  bson_t* put() { return document_; }

 private:
  bson_t* document_;
};

/// A document that somebody else owns.
struct BsonView {
  const bson_t* document;
  operator const bson_t*() const { return document; }
};

/// A member of a document; nothing when it isn't there. A path: `cursor.firstBatch`.
std::optional<bson_iter_t> bson_at(const bson_t* document, const char* path);
/// Its text or number; "" or 0 when there is none of that kind.
std::string bson_text(const bson_t* document, const char* path);
std::int64_t bson_number(const bson_t* document, const char* path);
/// How many members a list has.
std::int64_t bson_count(const bson_t* document, const char* path);
/// A document or a list that is a member.
Bson bson_document(const bson_iter_t& value);
/// The documents of a list.
std::vector<Bson> bson_documents(const bson_t* document, const char* path);

/// The same for values that MongoDB takes to be equal: 1, 1.0 and a decimal 1.00 are.
std::string comparable(const bson_iter_t& value);
/// The same again, in little memory: that text itself, or a digest of it.
using ValueMark = std::array<unsigned char, 16>;
ValueMark value_mark(const bson_iter_t& value);

}  // namespace lochan
