#include "cli/row_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "base/error.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestLine = 1 << 20;  // a longer one is printed in parts

/// The engine writes into a pipe, and a thread of ours carries it on: so secrets are masked, and `>>` appends.
class Carrier {
 public:
  Carrier(Terminal& terminal, Session& session) : terminal_(terminal), session_(session) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(ErrorKind::Unavailable, "can't make a pipe");
    read_ = ends[0];
    write_ = ends[1];
    thread_ = std::jthread([this] { carry(); });
  }

  ~Carrier() {
    finish();
    ::close(read_);
  }

  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  std::string path() const { return fmt::format("/dev/fd/{}", write_); }

  /// Returns when all that was written has been printed.
  void finish() {
    if (write_ < 0) return;
    ::close(write_);
    write_ = -1;
    thread_.join();
  }

  const std::string& failure() const { return failure_; }

 private:
  void carry() {
    std::array<char, 64 * 1024> bytes{};
    std::string pending;
    for (;;) {
      const ssize_t count = ::read(read_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      pending.append(bytes.data(), static_cast<std::size_t>(count));
      const auto end = pending.size() > kLongestLine ? pending.size() - 1 : pending.rfind('\n');
      if (end == std::string::npos) continue;
      print(pending.substr(0, end + 1));
      pending.erase(0, end + 1);
    }
    print(pending);
  }

  void print(const std::string& text) {
    if (!failure_.empty() || text.empty()) return;
    try {
      terminal_.write(text);
    } catch (const Error& error) {
      failure_ = error.message();
    }
    if (!failure_.empty() || terminal_.is_reader_gone()) session_.interrupt();
  }

  Terminal& terminal_;
  Session& session_;
  int read_ = -1;
  int write_ = -1;
  std::string failure_;  // the thread's, until it has ended
  std::jthread thread_;
};

}  // namespace

void stream_rows(Session& session, const std::string& select, RowFormat format, Terminal& terminal) {
  const std::string_view options = format == RowFormat::Csv ? "format csv, header true" : "format json, array true";
  Carrier carrier(terminal, session);
  try {
    session.execute(fmt::format("copy ({}\n) to '{}' ({}, use_tmp_file false)", select, carrier.path(), options));
  } catch (const Error&) {
    carrier.finish();
    if (!carrier.failure().empty()) throw Error(ErrorKind::Unavailable, carrier.failure());
    if (!terminal.is_reader_gone()) throw;
  }
  carrier.finish();
  if (!carrier.failure().empty()) throw Error(ErrorKind::Unavailable, carrier.failure());
}

}  // namespace lochan
