#include "sink/binary_rows.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <thread>
#include <vector>

#include "base/error.h"

namespace lochan {
namespace {

constexpr std::size_t kPart = 1 << 18;

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(ErrorKind::Unavailable, "can't make a pipe");
    read_ = ends[0];
    write_ = ends[1];
    ::fcntl(write_, F_SETPIPE_SZ, static_cast<int>(kPart));  // a smaller one is only slower
  }
  ~Pipe() {
    close_writing();
    ::close(read_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  std::string path() const { return fmt::format("/dev/fd/{}", write_); }
  void close_writing() noexcept {
    if (write_ >= 0) ::close(write_);
    write_ = -1;
  }
  /// 0 at the end.
  std::size_t read(std::vector<char>& into) {
    for (;;) {
      const ssize_t count = ::read(read_, into.data(), into.size());
      if (count < 0 && errno == EINTR) continue;
      return count <= 0 ? 0 : static_cast<std::size_t>(count);
    }
  }

 private:
  int read_ = -1;
  int write_ = -1;  // the engine's thread closes it; the reader only once that has ended
};

}  // namespace

void stream_binary_rows(Session& session, const std::string& select,
                        const std::function<void(std::string_view)>& send) {
  session.load_extension("postgres_scanner");
  Pipe pipe;
  std::exception_ptr failure;
  std::jthread engine([&] {
    try {
      session.execute(
          fmt::format("copy ({}\n) to '{}' (format postgres_binary, use_tmp_file false)", select, pipe.path()));
    } catch (...) {
      failure = std::current_exception();
    }
    pipe.close_writing();
  });
  std::vector<char> part(kPart);
  std::exception_ptr refused;
  // To the end in any case: the engine must not write into a pipe that nobody reads.
  while (const std::size_t size = pipe.read(part)) {
    if (refused) continue;
    try {
      send({part.data(), size});
    } catch (...) {
      refused = std::current_exception();
      session.interrupt();
    }
  }
  engine.join();
  if (refused) std::rethrow_exception(refused);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lochan
