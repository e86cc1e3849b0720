#include "serve/reload.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "serve/project_copy.h"
#include "serve/sign_in.h"

namespace lochan {
namespace {

// An editor, or git, writes several files one after the other.
constexpr std::chrono::milliseconds kSettle{150};
constexpr std::chrono::milliseconds kLongestSettle{800};
// After another project was taken: a file may have been put into a folder before that was listened to.
constexpr std::chrono::milliseconds kSecondLook{1000};
constexpr std::chrono::minutes kVerifyAtMost{5};

Error problem_of(const Json& document) {
  Error error(ErrorKind::Project, document.value("message", ""));
  if (document.contains("file"))
    error.at({document.value("file", ""), document.value("line", 0), document.value("column", 0)});
  if (document.contains("hint")) error.hint(document.value("hint", ""));
  return error;
}

// Of `lochan validate --output json`; what is no such document is a problem itself.
std::vector<Error> problems_of(const std::string& output, const ExitStatus& status) {
  std::vector<Error> problems;
  const Json document = Json::parse(output, nullptr, false);
  if (document.is_object() && document.contains("problems"))
    for (const Json& problem : document["problems"]) problems.push_back(problem_of(problem));
  else if (document.is_object() && document.contains("error"))
    problems.push_back(problem_of(document["error"]));
  if (problems.empty() && !status.succeeded())
    problems.push_back(Error(ErrorKind::Project, fmt::format("`lochan validate` ended with {}: {}", to_string(status),
                                                             output.substr(0, 500))));
  return problems;
}

Error wants_restart(const std::string& message) {
  return Error(ErrorKind::Project, message).at({"lochan.yaml", 0, 0}).hint("restart `lochan serve`");
}

}  // namespace

Reload::Reload(CurrentProject& current, Health& health, Secrets& secrets, const Clock& clock, EventLog& log,
               std::filesystem::path program, Listening listening)
    : current_(current),
      health_(health),
      secrets_(secrets),
      clock_(clock),
      log_(log),
      program_(std::move(program)),
      listening_(std::move(listening)) {}

void Reload::verify_served() {
  candidate_.reset();
  start_verifier(current_.get()->environment(), std::chrono::steady_clock::now());
}

void Reload::note_change(Time now) {
  if (!changed_) changed_ = now;
  read_at_ = std::min(now + kSettle, *changed_ + kLongestSettle);
}

void Reload::ask(Time now) {
  is_asked_ = true;
  note_change(now);
}

std::optional<Reload::Time> Reload::wake_at() const {
  if (read_at_ && give_up_at_) return std::min(*read_at_, *give_up_at_);
  return read_at_ ? read_at_ : give_up_at_;
}

bool Reload::step(Time now) {
  if (read_at_ && now >= *read_at_) {
    changed_.reset();
    read_at_.reset();
    read(now);
  }
  return verifier_ && finish_verifier(now);
}

bool Reload::is_served(const ReadProject& read) const { return read.texts == current_.get()->read().texts; }

void Reload::read(Time now) {
  try {
    const std::shared_ptr<ServedProject> served = current_.get();
    ReadProject read = read_project(served->project().folder, secrets_);
    const bool is_same = is_served(read) && read.problems.empty() && !std::exchange(is_asked_, false);
    if (is_same && !candidate_ && verifier_) return;
    // What is being verified is not what lies there any more.
    drop_verifier();
    candidate_.reset();
    if (is_same) return is_sound_ ? tell_sound() : verify_served();
    if (read.problems.empty()) read.problems = needs_restart(served->project(), read.project);
    if (!read.problems.empty()) return refuse(std::move(read.problems));
    const std::filesystem::path copy = write_project_copy(read, served->lake().home());
    const auto environment = copy_environment(read, copy);
    candidate_ = std::move(read);
    start_verifier(environment, now);
  } catch (const Error& error) {
    refuse({error});
  }
}

void Reload::start_verifier(const std::map<std::string, std::string>& environment, Time now) {
  SubprocessOptions options;
  options.command = {program_.string(), "-C", current_.get()->project().folder.string(), "validate", "--output", "json"};
  options.environment = environment;
  options.dies_with_parent = true;
  verified_.clear();
  give_up_at_ = now + kVerifyAtMost;
  is_talking_ = true;
  verifier_ = std::make_unique<Subprocess>(options);
}

void Reload::drop_verifier() {
  verifier_.reset();
  give_up_at_.reset();
  is_talking_ = false;
}

void Reload::hear_verifier() {
  std::array<char, 4096> buffer;
  ssize_t size = 0;
  while ((size = ::read(verifier_->output(), buffer.data(), buffer.size())) > 0)
    verified_.append(buffer.data(), static_cast<std::size_t>(size));
  if (size == 0) is_talking_ = false;
}

bool Reload::finish_verifier(Time now) {
  const std::optional<ExitStatus> status = verifier_->poll();
  hear_verifier();
  if (!status && now < *give_up_at_) return false;
  drop_verifier();
  std::vector<Error> problems =
      status ? problems_of(verified_, *status)
             : std::vector{Error(ErrorKind::Project, "`lochan validate` takes too long: it was given up")};
  if (candidate_ && problems.empty()) {
    ReadProject read = std::move(*candidate_);
    candidate_.reset();
    return take(std::move(read));
  }
  if (!candidate_) is_sound_ = problems.empty();
  candidate_.reset();
  if (problems.empty())
    tell_sound();
  else
    refuse(std::move(problems));
  return false;
}

std::vector<Error> Reload::needs_restart(const Project& now, const Project& next) const {
  std::vector<Error> problems;
  const auto compare = [&](std::string_view key, const std::filesystem::path& was, const std::filesystem::path& is) {
    if (was != is)
      problems.push_back(wants_restart(fmt::format("`{}` is `{}` now, and `{}` is served", key, is.string(), was.string())));
  };
  compare("lake", now.lake.location, next.lake.location);
  compare("state", now.state.shown(), next.state.shown());
  // Without one everyone would be let in.
  if (!next.serve.token && !is_loopback(listening_.address))
    problems.push_back(Error(ErrorKind::Project, fmt::format("`serve` has no `token`, and others reach `{}`", listening_.address))
                           .at({"lochan.yaml", 0, 0})
                           .hint("write `serve: { token: ${LOCHAN_TOKEN} }` and set the variable"));
  return problems;
}

// All else of the project is served.
void Reload::tell_moved(const ServeConfig& serve) {
  std::vector<Error> problems;
  if (listening_.said_address && *listening_.said_address != serve.address)
    problems.push_back(wants_restart(
        fmt::format("`address` of `serve` is `{}` now, and `{}` is listened on", serve.address, *listening_.said_address)));
  if (listening_.said_port && *listening_.said_port != serve.port)
    problems.push_back(wants_restart(
        fmt::format("`port` of `serve` is {} now, and {} is listened on", serve.port, *listening_.said_port)));
  std::string all;
  for (const Error& problem : problems) all += problem.what();
  if (all != std::exchange(told_moved_, all))
    for (const Error& problem : problems)
      log_.event(LogLevel::Warn, "the server stays where it is", {{"problem", problem.message()}, {"hint", problem.hint()}});
  health_.set("address", std::move(problems));
}

void Reload::tell_sound() {
  health_.set("project", {});
  if (!told_.empty()) log_.event(LogLevel::Info, "the project's files are sound again");
  told_.clear();
}

bool Reload::take(ReadProject read) {
  try {
    auto next = std::make_shared<ServedProject>(std::move(read), clock_, log_);
    remove_old_copies(next->lake().home(), next->copy());
    current_.put(std::move(next));
  } catch (const Error& error) {
    refuse({error});
    return false;
  }
  told_.clear();
  is_sound_ = true;
  health_.set("project", {});
  tell_moved(current_.get()->project().serve);
  log_.event(LogLevel::Info, "another state of the project is served", {{"copy", current_.get()->copy().filename().string()}});
  read_at_ = std::chrono::steady_clock::now() + kSecondLook;
  return true;
}

void Reload::refuse(std::vector<Error> problems) {
  std::string all;
  for (const Error& problem : problems) all += problem.what();
  if (all != told_) {
    for (const Error& problem : problems)
      log_.event(LogLevel::Error, "the project's files are broken: what was served before stays",
                 {{"at", to_string(problem.position())}, {"problem", problem.message()}, {"hint", problem.hint()}});
  }
  told_ = all;
  health_.set("project", std::move(problems));
}

}  // namespace lochan
