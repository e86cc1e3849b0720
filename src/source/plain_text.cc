#include "source/plain_text.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <vector>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "source/byte_stream.h"

namespace lochan {
namespace {

class Conversion {
 public:
  explicit Conversion(const std::string& encoding)
      : encoding_(encoding), opened_(iconv_open("UTF-8", encoding == "latin-1" ? "ISO-8859-1" : encoding.c_str())) {
    if (opened_ == reinterpret_cast<iconv_t>(std::intptr_t{-1}))
      throw Error(ErrorKind::Project, fmt::format("there is no encoding `{}`", encoding));
  }
  ~Conversion() { iconv_close(opened_); }
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

  /// What follows what was taken before. Returns false for letters that the encoding doesn't have.
  bool take(const char* bytes, std::size_t size, std::ofstream& out) {
    waiting_.insert(waiting_.end(), bytes, bytes + size);
    char* from = waiting_.data();
    std::size_t left = waiting_.size();
    while (left > 0) {
      std::array<char, 65536> text{};
      char* to = text.data();
      std::size_t room = text.size();
      const std::size_t done = iconv(opened_, &from, &left, &to, &room);
      const int why = errno;
      const auto written = static_cast<std::streamsize>(text.size() - room);
      lines_ += std::count(text.data(), text.data() + written, '\n');
      out.write(text.data(), written);
      if (done != static_cast<std::size_t>(-1) || why == E2BIG) continue;
      if (why != EINVAL) return false;  // EINVAL: a letter goes on in the next bytes
      break;
    }
    waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<std::ptrdiff_t>(left));
    return true;
  }
  bool is_whole() const { return waiting_.empty(); }
  std::string refusal() const { return fmt::format("line {}: it is not written in {}", lines_ + 1, encoding_); }

 private:
  const std::string encoding_;
  iconv_t opened_;
  std::vector<char> waiting_;
  std::int64_t lines_ = 0;
};

}  // namespace

std::string marked_encoding(const std::filesystem::path& file) {
  std::array<char, 2> first{};
  ByteStream bytes(file);
  if (bytes.read(first.data(), first.size()) < 2) return {};
  const std::string_view mark(first.data(), first.size());
  return mark == "\xff\xfe" || mark == "\xfe\xff" ? "utf-16" : "";
}

std::string write_plain_text(const std::filesystem::path& file, const std::string& encoding,
                             const std::filesystem::path& copy) {
  ByteStream bytes(file);
  std::ofstream out(copy, std::ios::binary);
  // UTF-8 is taken as it is: the engine looks at its letters.
  const bool is_utf8 = encoding == "utf-8";
  Conversion conversion(is_utf8 ? "UTF-8" : encoding);
  std::array<char, 65536> buffer{};
  for (std::size_t size = 0; (size = bytes.read(buffer.data(), buffer.size())) > 0;) {
    if (is_utf8)
      out.write(buffer.data(), static_cast<std::streamsize>(size));
    else if (!conversion.take(buffer.data(), size, out))
      return conversion.refusal();
  }
  if (bytes.is_broken()) return "it is cut off or damaged: it can't be unpacked to its end";
  if (!conversion.is_whole()) return conversion.refusal();
  out.close();
  if (!out) throw_not_written(copy);
  return {};
}

}  // namespace lochan
