#include "sink/bson.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>

namespace lochan {
namespace {

int length(std::string_view text) { return static_cast<int>(text.size()); }

std::string without_zeros(std::string digits) {
  if (digits.find('.') == std::string::npos || digits.find('E') != std::string::npos) return digits;
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.ends_with('.')) digits.pop_back();
  return digits == "-0" ? "0" : digits;
}

std::string comparable_number(const bson_iter_t& value) {
  if (BSON_ITER_HOLDS_DECIMAL128(&value)) {
    bson_decimal128_t decimal;
    char text[BSON_DECIMAL128_STRING];
    bson_iter_decimal128(&value, &decimal);
    bson_decimal128_to_string(&decimal, text);
    return without_zeros(text);
  }
  if (!BSON_ITER_HOLDS_DOUBLE(&value)) return fmt::format("{}", bson_iter_as_int64(&value));
  const double number = bson_iter_double(&value);
  constexpr double kExact = 9007199254740992.0;
  if (number == std::floor(number) && std::abs(number) <= kExact)
    return fmt::format("{}", static_cast<std::int64_t>(number));
  return fmt::format("{}", number);
}

}  // namespace

Bson& Bson::add(std::string_view name, std::string_view text) {
  bson_append_utf8(document_, name.data(), length(name), text.data(), length(text));
  return *this;
}

Bson& Bson::add(std::string_view name, std::int64_t number) {
  bson_append_int64(document_, name.data(), length(name), number);
  return *this;
}

Bson& Bson::add(std::string_view name, bool flag) {
  bson_append_bool(document_, name.data(), length(name), flag);
  return *this;
}

Bson& Bson::add(std::string_view name, const Bson& document) {
  bson_append_document(document_, name.data(), length(name), document.get());
  return *this;
}

Bson& Bson::add(std::string_view name, const std::vector<Bson>& documents) {
  bson_t list;
  bson_append_array_begin(document_, name.data(), length(name), &list);
  for (std::size_t at = 0; at < documents.size(); ++at) {
    const std::string index = std::to_string(at);
    bson_append_document(&list, index.data(), length(index), documents[at].get());
  }
  bson_append_array_end(document_, &list);
  return *this;
}

Bson& Bson::add(std::string_view name, const bson_iter_t& value) {
  bson_append_iter(document_, name.data(), length(name), &value);
  return *this;
}

Bson& Bson::add_null(std::string_view name) {
  bson_append_null(document_, name.data(), length(name));
  return *this;
}

std::optional<bson_iter_t> bson_at(const bson_t* document, const char* path) {
  bson_iter_t all, found;
  if (bson_iter_init(&all, document) && bson_iter_find_descendant(&all, path, &found)) return found;
  return std::nullopt;
}

std::string bson_text(const bson_t* document, const char* path) {
  const auto found = bson_at(document, path);
  if (!found || !BSON_ITER_HOLDS_UTF8(&*found)) return "";
  std::uint32_t size = 0;
  const char* text = bson_iter_utf8(&*found, &size);
  return {text, size};
}

std::int64_t bson_number(const bson_t* document, const char* path) {
  const auto found = bson_at(document, path);
  return found && BSON_ITER_HOLDS_NUMBER(&*found) ? bson_iter_as_int64(&*found) : 0;
}

std::int64_t bson_count(const bson_t* document, const char* path) {
  const auto found = bson_at(document, path);
  bson_iter_t item;
  std::int64_t count = 0;
  if (found && BSON_ITER_HOLDS_ARRAY(&*found) && bson_iter_recurse(&*found, &item))
    while (bson_iter_next(&item)) ++count;
  return count;
}

Bson bson_document(const bson_iter_t& value) {
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  if (BSON_ITER_HOLDS_DOCUMENT(&value)) bson_iter_document(&value, &size, &bytes);
  if (BSON_ITER_HOLDS_ARRAY(&value)) bson_iter_array(&value, &size, &bytes);
  bson_t* copy = bytes == nullptr ? nullptr : bson_new_from_data(bytes, size);
  return copy == nullptr ? Bson() : Bson(copy);
}

std::vector<Bson> bson_documents(const bson_t* document, const char* path) {
  std::vector<Bson> result;
  const auto found = bson_at(document, path);
  bson_iter_t item;
  if (!found || !BSON_ITER_HOLDS_ARRAY(&*found) || !bson_iter_recurse(&*found, &item)) return result;
  while (bson_iter_next(&item)) result.push_back(bson_document(item));
  return result;
}

std::string comparable(const bson_iter_t& value) {
  if (BSON_ITER_HOLDS_NUMBER(&value) || BSON_ITER_HOLDS_DECIMAL128(&value)) return "n" + comparable_number(value);
  if (BSON_ITER_HOLDS_DOCUMENT(&value) || BSON_ITER_HOLDS_ARRAY(&value)) {
    std::string text = "{";
    bson_iter_t member;
    if (bson_iter_recurse(&value, &member))
      while (bson_iter_next(&member)) text += fmt::format("{}\x1f{}\x1e", bson_iter_key(&member), comparable(member));
    return text + "}";
  }
  // Of the others the bytes count.
  const Bson one = Bson().add("", value);
  return {reinterpret_cast<const char*>(bson_get_data(one.get())), one.get()->len};
}

ValueMark value_mark(const bson_iter_t& value) {
  const std::string text = comparable(value);
  ValueMark mark{};
  if (text.size() <= mark.size()) {
    std::ranges::copy(text, mark.begin());
    return mark;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::copy_n(digest.begin(), mark.size(), mark.begin());
  return mark;
}

}  // namespace lochan
