#include "run/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "run/backup_files.h"
#include "run/state_copy.h"
#include "run/state_migrations.h"

namespace lochan {
namespace {

constexpr std::string_view kBackups = "backups/";
constexpr std::string_view kFiles = "files/";
constexpr std::string_view kState = "state/";
constexpr std::string_view kLanding = "landing/";  // what sources received; immutable
constexpr std::chrono::minutes kRenewEvery{10};

std::string id_of(std::int64_t publication, Instant at) {
  std::string time = to_iso8601(at);  // with milliseconds: no two have one
  std::erase_if(time, [](char letter) { return letter == '-' || letter == ':' || letter == '.'; });
  return fmt::format("{:010}-{}", publication, time);
}

std::string manifest_name(const std::string& id) { return fmt::format("{}{}.json", kBackups, id); }

std::string in_files(const std::string& name) { return fmt::format("{}{}", kFiles, name); }

std::map<std::string, std::uint64_t> sizes(ObjectStore& store, std::string_view prefix) {
  std::map<std::string, std::uint64_t> sizes;
  store.list(prefix, [&](const ObjectInfo& info) { sizes[info.name.substr(prefix.size())] = info.size_bytes; });
  return sizes;
}

void refuse_when_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorKind::Unavailable, "interrupted");
}

// Newest first: ids are in the order of publications, then of time.
std::vector<std::string> backup_ids(ObjectStore& target) {
  std::vector<std::string> ids;
  for (const auto& [name, size] : sizes(target, kBackups))
    if (name.ends_with(".json")) ids.push_back(name.substr(0, name.size() - std::string_view(".json").size()));
  std::ranges::reverse(ids);
  return ids;
}

// Nothing for one that is damaged: `what` says why.
std::optional<Backup> read_backup(ObjectStore& target, const std::string& id, std::string& what) {
  try {
    Backup backup = parse_backup(target.read(manifest_name(id)));
    backup.id = id;
    return backup;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Data) throw;
    what = fmt::format("`{}` is damaged: {}", manifest_name(id), error.message());
    return std::nullopt;
  }
}

std::map<std::string, BackupFile> newest_files(ObjectStore& target) {
  std::string ignored;
  for (const std::string& id : backup_ids(target))
    if (auto backup = read_backup(target, id, ignored)) return std::move(backup->files);
  return {};
}

class BackupMaking {
 public:
  BackupMaking(Lake& lake, ObjectStore& target, std::stop_token stop)
      : lake_(lake), target_(target), stop_(std::move(stop)) {}
  ~BackupMaking() {
    try {
      lake_.catalog().release_hold(hold_);
    } catch (...) {
      // It counts for a day.
    }
  }
  BackupMaking(const BackupMaking&) = delete;
  BackupMaking& operator=(const BackupMaking&) = delete;

  BackupOutcome run() {
    const std::string rows = hold();
    Backup& backup = outcome_.backup;
    backup.at = lake_.clock().now();
    backup.id = id_of(backup.publication, backup.at);
    backup.location = lake_.store().uri("");
    gather();
    copy_files();
    backup.state = backup.id + ".jsonl";
    backup.state_file = {rows.size(), sha256(rows)};
    target_.write(fmt::format("{}{}", kState, backup.state), rows);
    target_.sync();
    target_.write(manifest_name(backup.id), to_text(backup));
    target_.sync();
    return std::move(outcome_);
  }

 private:
  // The publication, and the state's rows as of it: one transaction.
  std::string hold() {
    std::string rows;
    lake_.state().write([&] {
      hold_ = lake_.catalog().hold_present();
      outcome_.backup.publication = hold_.publication;
      if (hold_.publication == 0)
        throw Error(ErrorKind::Usage, "nothing was published yet: there is nothing to copy").hint("lochan run");
      for (const Catalog::Tag& tag : lake_.catalog().tags()) tagged_.insert(tag.publication);
      rows = copy_state(lake_.state(), state_migrations(), hold_.publication);
    });
    renewed_ = std::chrono::steady_clock::now();
    return rows;
  }

  void gather() {
    add_files(lake_, fmt::format("at-{}", hold_.publication), true, names_);
    for (const std::int64_t publication : tagged_) add_files(lake_, fmt::format("at-{}", publication), false, names_);
    lake_.store().list(kLanding, [&](const ObjectInfo& info) { names_.insert(info.name); });
  }

  // A file of the lake never changes: one that an earlier backup has is not read again.
  void copy_files() {
    const std::map<std::string, BackupFile> known = newest_files(target_);
    const auto there = sizes(target_, kFiles);
    for (const std::string& name : names_) {
      refuse_when_stopped(stop_);
      renew();
      const auto copied = known.find(name);
      const auto present = there.find(name);
      if (copied != known.end() && present != there.end() && present->second == copied->second.size_bytes) {
        outcome_.backup.files.emplace(name, copied->second);
        continue;
      }
      const std::string bytes = lake_.store().read(name);
      target_.write(in_files(name), bytes);
      outcome_.backup.files.emplace(name, BackupFile{bytes.size(), sha256(bytes)});
      ++outcome_.new_files;
      outcome_.new_bytes += bytes.size();
    }
  }

  void renew() {
    const auto now = std::chrono::steady_clock::now();
    if (now - renewed_ < kRenewEvery) return;
    lake_.catalog().renew_hold(hold_);
    renewed_ = now;
  }

  Lake& lake_;
  ObjectStore& target_;
  const std::stop_token stop_;
  Catalog::Hold hold_;
  std::chrono::steady_clock::time_point renewed_;
  std::set<std::int64_t> tagged_;
  std::set<std::string> names_;
  BackupOutcome outcome_;
};

// The lists first: what no list names may go, and a crash leaves files that the next time finds.
void remove_old(ObjectStore& target, int keep, BackupOutcome& outcome) {
  std::set<std::string> needed, states;
  int kept = 0;
  for (const Backup& backup : list_backups(target)) {
    if (kept++ >= keep) {
      target.remove(manifest_name(backup.id));
      ++outcome.removed_backups;
      continue;
    }
    states.insert(backup.state);
    for (const auto& [name, file] : backup.files) needed.insert(name);
  }
  target.sync();
  for (const auto& [name, size] : sizes(target, kFiles)) {
    if (needed.contains(name)) continue;
    target.remove(in_files(name));
    ++outcome.removed_files;
  }
  for (const auto& [name, size] : sizes(target, kState))
    if (!states.contains(name)) target.remove(fmt::format("{}{}", kState, name));
}

// What stands in the way of using a copy; "" when it is as it was made.
std::string read_copy(ObjectStore& store, const std::string& name, const BackupFile& file, std::string& bytes) {
  try {
    bytes = store.read(name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    return "it is missing";
  }
  if (bytes.size() != file.size_bytes) return fmt::format("it has {} bytes, and should have {}", bytes.size(), file.size_bytes);
  if (sha256(bytes) != file.sha256) return "its bytes are not those that were copied (SHA-256)";
  return "";
}

std::string require_copy(ObjectStore& store, const std::string& name, const BackupFile& file) {
  std::string bytes;
  if (const std::string what = read_copy(store, name, file, bytes); !what.empty())
    throw Error(ErrorKind::Data, fmt::format("`{}` of the backup is damaged: {}", name, what))
        .hint("`lochan backup verify` names all that is damaged; an older backup may have it whole: `--at N`");
  return bytes;
}

}  // namespace

std::uint64_t Backup::size_bytes() const {
  std::uint64_t bytes = state_file.size_bytes;
  for (const auto& [name, file] : files) bytes += file.size_bytes;
  return bytes;
}

BackupOutcome make_backup(Lake& lake, ObjectStore& target, std::optional<int> keep, std::stop_token stop) {
  if (target.uri("").starts_with(lake.store().uri("") + "/") || target.uri("") == lake.store().uri(""))
    throw Error(ErrorKind::Usage, "a backup can't lie in the lake itself").hint("name another place");
  BackupOutcome outcome = BackupMaking(lake, target, std::move(stop)).run();
  if (keep) remove_old(target, std::max(*keep, 1), outcome);
  return outcome;
}

std::vector<Backup> list_backups(ObjectStore& target, std::vector<std::string>* damaged) {
  std::vector<Backup> backups;
  for (const std::string& id : backup_ids(target)) {
    std::string what;
    if (auto backup = read_backup(target, id, what))
      backups.push_back(std::move(*backup));
    else if (damaged != nullptr)
      damaged->push_back(std::move(what));
  }
  return backups;
}

Backup find_backup(ObjectStore& target, std::optional<std::int64_t> publication) {
  const std::vector<std::string> ids = backup_ids(target);
  for (const std::string& id : ids) {
    if (publication && !id.starts_with(fmt::format("{:010}-", *publication))) continue;
    std::string what;
    if (auto backup = read_backup(target, id, what)) return std::move(*backup);
    throw Error(ErrorKind::Data, what).hint("an older one may be whole: `lochan backup list TARGET`, then `--at N`");
  }
  throw Error(ErrorKind::NotFound,
              publication ? fmt::format("`{}` has no backup of publication {}", target.uri(""), *publication)
                          : fmt::format("`{}` has no backups", target.uri("")))
      .hint(ids.empty() ? "`lochan backup TARGET` makes one" : "`lochan backup list TARGET` shows those there are");
}

std::vector<DamagedCopy> verify_backup(ObjectStore& target, const Backup& backup, std::stop_token stop) {
  std::vector<DamagedCopy> damaged;
  std::string bytes;
  const auto look = [&](const std::string& name, const BackupFile& file) {
    refuse_when_stopped(stop);
    if (std::string what = read_copy(target, name, file, bytes); !what.empty()) damaged.push_back({name, std::move(what)});
  };
  look(fmt::format("{}{}", kState, backup.state), backup.state_file);
  for (const auto& [name, file] : backup.files) look(in_files(name), file);
  return damaged;
}

RestoreOutcome restore_backup(ObjectStore& source, ObjectStore& lake, Database& state,
                              const Backup& backup, std::stop_token stop) {
  if (lake.uri("") != backup.location)
    throw Error(ErrorKind::Data, fmt::format("the backup is of a lake in `{}`, and this project's is `{}`", backup.location,
                                             lake.uri("")))
        .hint("a lake's files name their places: restore it to where it was, by `lake:` in lochan.yaml");
  require_empty_state(state);
  const std::string rows = require_copy(source, fmt::format("{}{}", kState, backup.state), backup.state_file);
  RestoreOutcome outcome;
  const auto there = sizes(lake, "");
  std::string bytes;
  for (const auto& [name, file] : backup.files) {
    refuse_when_stopped(stop);
    const auto present = there.find(name);
    if (present != there.end() && read_copy(lake, name, file, bytes).empty()) {
      ++outcome.present_files;
      continue;
    }
    bytes = require_copy(source, in_files(name), file);
    lake.write(name, bytes);
    ++outcome.copied_files;
    outcome.copied_bytes += bytes.size();
  }
  lake.sync();
  restore_state(state, state_migrations(), rows);
  return outcome;
}

}  // namespace lochan
