#include "serve/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/http_server.h"
#include "base/json.h"
#include "serve/alert_thread.h"
#include "serve/loop.h"
#include "serve/routes.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

constexpr int kHttpThreads = 4;  // requests answered at once: most of their time goes into waiting for the disk

/// One server to a state. Who holds it says where it listens, for people and programs that look for it.
class OnlyServer {
 public:
  explicit OnlyServer(const Project& project)
      : file_(place(project) / "serve.json"), lock_(FileLock::try_acquire(place(project) / "serve.lock")) {
    if (lock_) return;
    std::string where;
    if (const Json other = read(); other.is_object())
      where = fmt::format(" at {}, process {}", other.value("uri", ""), other.value("process", 0));
    throw Error(ErrorKind::Conflict, fmt::format("another `lochan serve` serves `{}` already{}",
                                                 project.state.shown(), where))
        .hint("stop that one first");
  }
  ~OnlyServer() {
    if (!lock_) return;
    std::error_code ignored;
    fs::remove(file_, ignored);
  }
  OnlyServer(const OnlyServer&) = delete;
  OnlyServer& operator=(const OnlyServer&) = delete;

  void tell(const std::string& uri) const { write_file(file_, Json({{"uri", uri}, {"process", ::getpid()}}).dump()); }

 private:
  // Beside the rows; where those are shared, each host has a server.
  static fs::path place(const Project& project) {
    return project.state.is_shared() ? project.folder / ".lochan" : project.state.file.parent_path();
  }

  Json read() const {
    try {
      return Json::parse(read_file(file_), nullptr, false);
    } catch (const Error&) {
      return nullptr;
    }
  }

  const fs::path file_;
  const std::optional<FileLock> lock_;
};

std::string uri_of(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

void require_token(const Project& project, const std::string& address) {
  if (project.serve.token || is_loopback(address)) return;
  throw Error(ErrorKind::Project, fmt::format("`serve` has no `token`, and others reach `{}`", address))
      .at({"lochan.yaml", 0, 0})
      .hint("write `serve: { token: ${LOCHAN_TOKEN} }` and set the variable, or listen on 127.0.0.1");
}

Listening listening(const ServeRequest& request, const ServeConfig& config) {
  Listening listening{request.address, std::nullopt, std::nullopt};
  if (!request.says_address) listening.said_address = config.address;
  if (!request.says_port) listening.said_port = config.port;
  return listening;
}

HttpServerOptions http_options(const ServeRequest& request) {
  HttpServerOptions options;
  options.address = request.address;
  options.port = request.port;
  options.threads = kHttpThreads;
  return options;
}

}  // namespace

void serve(ReadProject read, const ServeRequest& request, const Clock& clock, Secrets& secrets, EventLog& log,
           const Notify& notify, std::stop_token stop) {
  require_token(read.project, request.address);
  const OnlyServer only(read.project);
  CurrentProject current(std::make_shared<ServedProject>(std::move(read), clock, log));
  Health health;
  AlertThread alerts(current, health, secrets, clock, log);
  Loop loop({current, health, secrets, clock, log, notify, alerts, request.program,
             listening(request, current.get()->project().serve)});
  Metrics metrics;
  const RouteParts parts{health, clock, secrets, metrics, [&] { loop.wake(); }};
  const auto answer = [&](const HttpRequest& asked) { return answer_request(asked, *current.get(), parts); };
  const HttpServer http(http_options(request), answer, log);
  const std::string uri = uri_of(request.address, http.port());
  only.tell(uri);
  log.event(LogLevel::Info, "serving", {{"uri", uri}, {"process", ::getpid()}});
  notify.send(fmt::format("READY=1\nSTATUS=serving at {}", uri));
  loop.run(stop);
  health.stop();
  log.event(LogLevel::Info, "stopping");
  notify.send("STOPPING=1");
  if (request.stops_runs) loop.stop_runs();
}

}  // namespace lochan
