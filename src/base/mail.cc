#include "base/mail.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace lochan {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::size_t kLongestLine = 76;  // RFC 2045 6.7
constexpr std::size_t kLongestWord = 75;  // RFC 2047 2

std::string escaped(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return {'=', kHex[byte >> 4], kHex[byte & 15]};
}

bool is_printable(char letter) { return letter >= ' ' && letter <= '~'; }

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char letter) { return static_cast<unsigned char>(letter) < ' ' || letter == 127; }, ' ');
  return line;
}

/// How many bytes the letter that begins here has.
std::size_t letter_size(std::string_view text, std::size_t at) {
  std::size_t size = 1;
  while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xC0) == 0x80) ++size;
  return size;
}

/// Text of a header: as it is when it is ASCII, else as encoded words (RFC 2047), no letter cut in two.
std::string header_text(std::string_view raw) {
  const std::string text = one_line(raw);
  if (std::ranges::all_of(text, is_printable) && text.find("=?") == std::string::npos && text.size() <= 900)
    return text;
  constexpr std::string_view kBegin = "=?UTF-8?Q?";
  std::string result;
  std::string word(kBegin);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = letter_size(text, at);
    std::string encoded;
    for (const char letter : std::string_view(text).substr(at, size)) {
      const bool is_plain =
          (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
      if (letter == ' ')
        encoded += '_';
      else
        encoded += is_plain ? std::string(1, letter) : escaped(letter);
    }
    if (word.size() + encoded.size() + 2 > kLongestWord) {
      result += word + "?=\r\n ";
      word = kBegin;
    }
    word += encoded;
    at += size;
  }
  return result + word + "?=";
}

/// One line of quoted-printable (RFC 2045 6.7), broken softly where it is long.
std::string quoted_line(std::string_view line) {
  std::string result;
  std::size_t width = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char letter = line[i];
    const bool is_last = i + 1 == line.size();
    const bool is_blank = letter == ' ' || letter == '\t';
    const bool is_plain =
        (is_printable(letter) && letter != '=' && !(is_blank && is_last)) || (letter == '\t' && !is_last);
    const std::string encoded = is_plain ? std::string(1, letter) : escaped(letter);
    if (width + encoded.size() > kLongestLine - 1) {
      result += "=\r\n";
      width = 0;
    }
    result += encoded;
    width += encoded.size();
  }
  return result + "\r\n";
}

/// "Sat, 21 Nov 2026 03:46:00 +0000" (RFC 5322 3.3).
std::string mail_date(Instant at) {
  using namespace std::chrono;
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(floor<seconds>(at - day));
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays[weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  const bool is_plain = std::ranges::all_of(text, [](char letter) {
    return is_printable(letter) && std::string_view(" <>()[],;:\\\"").find(letter) == std::string_view::npos;
  });
  return is_plain && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos;
}

std::string compose_mail(const Mail& mail) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{}: {}\r\n", name, value);
  };
  add("Date", mail_date(mail.at));
  add("From", one_line(mail.from));
  std::vector<std::string> to;
  for (const std::string& address : mail.to) to.push_back(one_line(address));
  add("To", fmt::format("{}", fmt::join(to, ",\r\n ")));
  add("Subject", header_text(mail.subject));
  add("Message-ID", fmt::format("<{}>", one_line(mail.id)));
  add("Auto-Submitted", "auto-generated");
  add("MIME-Version", "1.0");
  add("Content-Type", "text/plain; charset=utf-8");
  add("Content-Transfer-Encoding", "quoted-printable");
  text += "\r\n";
  std::string_view body = mail.body;
  while (!body.empty()) {
    const auto end = body.find('\n');
    std::string_view line = body.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text += quoted_line(line);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
  }
  return text;
}

}  // namespace lochan
