#include "source/damaged_file.h"

#include <fmt/format.h>

#include <array>
#include <deque>
#include <fstream>
#include <set>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/temporary_folder.h"
#include "base/text.h"
#include "source/byte_stream.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestRecord = 2'000'000;  // bytes: the engine reads no longer one
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct Line {
  std::int64_t number = 0;
  std::string text;  // without its end
};

// The lines of a file.
class Lines {
 public:
  explicit Lines(const std::filesystem::path& path) : bytes_(path) {}

  std::optional<Line> next() {
    if (!back_.empty()) {
      Line line = std::move(back_.front());
      back_.pop_front();
      return line;
    }
    Line line{++number_, {}};
    for (;;) {
      if (at_ == end_ && !fill()) break;
      const std::string_view rest(buffer_.data() + at_, end_ - at_);
      const auto newline = rest.find('\n');
      line.text += rest.substr(0, newline);
      at_ += newline == std::string_view::npos ? rest.size() : newline + 1;
      if (newline != std::string_view::npos) return line;
    }
    if (line.text.empty()) return std::nullopt;
    return line;
  }
  /// These come once more, in this order.
  void put_back(std::deque<Line> lines) { back_.insert(back_.begin(), lines.begin(), lines.end()); }
  bool is_broken() const { return bytes_.is_broken(); }

 private:
  bool fill() {
    at_ = 0;
    end_ = bytes_.read(buffer_.data(), buffer_.size());
    return end_ > 0;
  }

  ByteStream bytes_;
  std::array<char, 65536> buffer_{};
  std::size_t at_ = 0, end_ = 0;
  std::int64_t number_ = 0;
  std::deque<Line> back_;
};

std::string_view without_return(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// How a record of CSV reads: letter by letter, over as many lines as its quotes keep open.
class RecordScan {
 public:
  explicit RecordScan(const CsvDialect& dialect)
      : delimiter_(dialect.delimiter[0]), quote_(first_of(dialect.quote)), escape_(first_of(dialect.escape)) {}

  void take(std::string_view line) {
    for (const char letter : without_return(line)) take(letter);
  }
  void take(char letter) {
    const bool is_quote = quote_ != '\0' && letter == quote_;
    switch (state_) {
      case State::Begin:
        if (letter == ' ') return;
        state_ = is_quote ? State::Quoted : State::Plain;
        if (state_ == State::Plain) take(letter);
        return;
      case State::Plain:
        if (letter == delimiter_) end_value();
        is_broken_ = is_broken_ || letter == '\r';
        return;
      case State::Escaped:
        state_ = State::Quoted;
        return;
      case State::Quoted:
        if (escape_ != quote_ && letter == escape_) state_ = State::Escaped;
        if (is_quote) state_ = State::Closed;
        return;
      case State::Closed:
        if (is_quote && !after_space_ && escape_ == quote_)
          state_ = State::Quoted;
        else if (letter == delimiter_)
          end_value();
        else if (letter == ' ')
          after_space_ = true;
        else
          is_broken_ = true;
    }
  }
  bool is_open() const { return (state_ == State::Quoted || state_ == State::Escaped) && !is_broken_; }
  bool is_broken() const { return is_broken_; }
  int values() const { return values_; }

 private:
  enum class State { Begin, Plain, Quoted, Escaped, Closed };
  static char first_of(const std::string& text) { return text.empty() ? '\0' : text[0]; }
  void end_value() {
    ++values_;
    state_ = State::Begin;
    after_space_ = false;
  }

  const char delimiter_, quote_, escape_;
  State state_ = State::Begin;
  bool after_space_ = false;
  bool is_broken_ = false;
  int values_ = 1;
};

// What is common: which line is refused, and why.
class Parting {
 public:
  Parting(const DamagedFile& file, const std::filesystem::path& copy) : file_(file), lines_(file.path), copy_(copy), out_(copy, std::ios::binary) {}

 protected:
  /// False: it is no text.
  bool refuse(const Line& line, const std::string& reason) {
    std::string payload(without_return(line.text));
    // Of text alone JSON can be made.
    if (payload.find('\0') != std::string::npos || !Json::accept("\"" + escaped(payload) + "\"")) return false;
    parted_.refused.push_back({payload, reason, fmt::format("{}:{}", file_.name, line.number)});
    return true;
  }
  const std::string* refused_before(std::int64_t line) const {
    const auto found = file_.refuse.find(line);
    return found == file_.refuse.end() ? nullptr : &found->second;
  }
  std::optional<PartedFile> done() {
    out_.close();
    if (!out_) throw_not_written(copy_);
    if (lines_.is_broken()) return std::nullopt;
    return std::move(parted_);
  }

  void write(const std::string& line) { out_ << line; }

  const DamagedFile& file_;
  Lines lines_;
  PartedFile parted_;

 private:
  const std::filesystem::path copy_;
  std::ofstream out_;

  // What is left is whether it is UTF-8.
  static std::string escaped(const std::string& text) {
    std::string result;
    for (const char letter : text)
      result += letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
    return result;
  }
};

class CsvParting : public Parting {
 public:
  using Parting::Parting;

  std::optional<PartedFile> run() {
    const CsvDialect& dialect = file_.dialect;
    if (dialect.delimiter.size() != 1 || dialect.quote.size() > 1) return std::nullopt;
    for (std::int64_t skip = dialect.skip; skip > 0; --skip)
      if (!lines_.next()) return std::nullopt;
    bool is_first = true;
    while (auto line = lines_.next()) {
      const bool is_blank = without_return(line->text).empty();
      if (is_blank && (is_first || expected_ > 1)) continue;
      if (is_first && !begin(*line)) return std::nullopt;
      const bool is_header = std::exchange(is_first, false) && dialect.header;
      if (!is_header && !take(*std::move(line))) return std::nullopt;
    }
    return done();
  }

 private:
  // The first record says how many values each has.
  bool begin(const Line& first) {
    RecordScan scan(file_.dialect);
    std::string text = first.text;
    scan.take(std::string_view(text).substr(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0));
    // A header over several lines; of data, `take` reads the others.
    std::deque<Line> more;
    while (scan.is_open()) {
      auto line = lines_.next();
      if (!line || text.size() > kLongestRecord) return false;
      scan.take('\n');
      scan.take(line->text);
      text += "\n" + line->text;
      more.push_back(*std::move(line));
    }
    expected_ = scan.values();
    if (file_.dialect.header)
      write(fmt::format("{}{}{}\n", without_return(text), file_.dialect.delimiter, kLineColumn));
    else
      lines_.put_back(std::move(more));
    return !scan.is_broken();
  }

  // One record, from its first line on. False: the file ends within it, or it is no text.
  bool take(Line first) {
    RecordScan scan(file_.dialect);
    scan.take(first.text);
    std::string text = first.text;
    std::deque<Line> more;
    bool is_too_long = false;
    while (scan.is_open() && !is_too_long) {
      auto line = lines_.next();
      if (!line) return false;
      scan.take('\n');
      scan.take(line->text);
      text += "\n" + line->text;
      more.push_back(*std::move(line));
      is_too_long = text.size() > kLongestRecord;
    }
    if (scan.is_broken() || is_too_long || text.size() > kLongestRecord) {
      // Where its quotes are wrong nothing says how far it goes: its first line is refused, the next one is read anew.
      lines_.put_back(std::move(more));
      return refuse(first, scan.is_broken() ? "its quotes don't fit" : "it is longer than 2 MB");
    }
    const std::int64_t number = first.number;
    if (scan.values() != expected_)
      return refuse({number, text}, fmt::format("{} where the first line has {}", text::plural(scan.values(), "value"), expected_));
    if (const std::string* reason = refused_before(number)) return refuse({number, text}, *reason);
    write(fmt::format("{}{}{}\n", without_return(text), file_.dialect.delimiter, number));
    ++parted_.sound;
    return true;
  }

  int expected_ = 0;
};

// Whether text is one JSON object, no name of which comes twice in an object.
std::string why_no_object(std::string_view text) {
  std::vector<std::set<std::string>> names;
  bool is_twice = false;
  const auto look = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) is_twice = !names.back().insert(parsed.get<std::string>()).second || is_twice;
    return true;
  };
  const Json json = Json::parse(text, look, false);
  if (json.is_discarded()) return "it is no sound JSON";
  if (!json.is_object()) return "it is no JSON object";
  return is_twice ? "it is a JSON object with one name twice" : "";
}

class JsonParting : public Parting {
 public:
  using Parting::Parting;

  std::optional<PartedFile> run() {
    std::int64_t objects = 0, others = 0;
    bool is_first = true;
    while (const auto line = lines_.next()) {
      std::string_view text = text::trim(line->text);
      if (is_first && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
      if (text.empty()) continue;
      // One array, over as many lines as it may be, has no records that lines are.
      if (std::exchange(is_first, false) && text.starts_with('[')) return std::nullopt;
      std::string reason = text.size() > kLongestRecord ? "it is longer than 2 MB" : why_no_object(text);
      ++(reason.empty() ? objects : others);
      if (const std::string* before = refused_before(line->number)) reason = *before;
      if (reason.empty())
        write_object(text, line->number);
      else if (!refuse(*line, reason))
        return std::nullopt;
    }
    // The lines of one object that was written for people are no records.
    if (objects < others) return std::nullopt;
    return done();
  }

 private:
  void write_object(std::string_view object, std::int64_t line) {
    const std::string_view rest = text::trim(object.substr(1));
    write(fmt::format("{{\"{}\":{}{}{}\n", kLineColumn, line, rest.starts_with('}') ? "" : ",", rest));
    ++parted_.sound;
  }
};

}  // namespace

std::optional<PartedFile> take_apart(const DamagedFile& file, const std::filesystem::path& copy) {
  switch (file.format) {
    case FileFormat::Csv: return CsvParting(file, copy).run();
    case FileFormat::XmlText:
    case FileFormat::JsonText: return JsonParting(file, copy).run();
    case FileFormat::Parquet: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace lochan
