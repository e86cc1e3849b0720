#include "run/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "run/backup_files.h"
#include "run/exclusive.h"
#include "run/file_copier.h"
#include "run/state_copy.h"
#include "run/state_migrations.h"

namespace lochan {
namespace {

constexpr std::string_view kBackups = "backups/";
constexpr std::string_view kFiles = "files/";
constexpr std::string_view kState = "state/";
constexpr std::string_view kCopied = "copied/";  // parts of the list to come: what a killed backup has copied
constexpr std::string_view kReplica = "replica.json";
constexpr std::string_view kLanding = "landing/";  // what sources received; immutable
constexpr std::chrono::minutes kRenewEvery{10};
// Copied between two parts: what a kill loses.
constexpr std::size_t kNoteFiles = 100;
constexpr std::uint64_t kNoteBytes = 256u << 20;

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

void remove_all(ObjectStore& store, const std::vector<std::string>& names) {
  if (!names.empty()) store.remove(names);
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

// What the place has, as far as lists tell: the newest backup's, and what a killed one had copied.
std::map<std::string, BackupFile> known_files(ObjectStore& target) {
  std::map<std::string, BackupFile> known;
  for (const auto& [name, size] : sizes(target, kCopied)) {
    try {
      known.merge(parse_files(target.read(std::string(kCopied) + name)));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Data) throw;  // half written by a power cut: copied anew
    }
  }
  std::string ignored;
  for (const std::string& id : backup_ids(target))
    if (auto backup = read_backup(target, id, ignored)) {
      known.merge(std::move(backup->files));
      break;
    }
  return known;
}

Exclusive take_turn(Lake& lake, const std::string& place) {
  const std::string name = copies_into(place);
  if (auto turn = Exclusive::try_take(lake, name)) return std::move(*turn);
  const std::string holder = Exclusive::holder(lake, name);
  throw Error(ErrorKind::Conflict,
              fmt::format("another process{} is copying into `{}`", holder.empty() ? "" : " (" + holder + ")", place))
      .hint("one at a time: what it copies needn't be copied again");
}

class BackupMaking {
 public:
  BackupMaking(Lake& lake, ObjectStore& target, std::stop_token stop)
      : lake_(lake),
        target_(target),
        turn_(take_turn(lake, target.uri(""))),
        copies_(lake.home() / "spill", std::move(stop)) {}
  ~BackupMaking() {
    try {
      write_part();  // of one that was interrupted
    } catch (...) {
      // The next one copies these again.
    }
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
    forget_parts();
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
      tagged_.clear();  // the transaction may be tried again
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

  // A file of the lake never changes: one that is there already is not read again.
  void copy_files() {
    const std::map<std::string, BackupFile> known = known_files(target_);
    const auto there = sizes(target_, kFiles);
    std::vector<FileCopy> missing;
    for (const std::string& name : names_) {
      const auto copied = known.find(name);
      const auto present = there.find(name);
      if (copied != known.end() && present != there.end() && present->second == copied->second.size_bytes)
        outcome_.backup.files.emplace(name, copied->second);
      else
        missing.push_back({name, in_files(name)});
    }
    if (missing.empty()) return;
    const auto of_lake = sizes(lake_.store(), "");
    for (FileCopy& file : missing)
      if (const auto found = of_lake.find(file.from); found != of_lake.end()) file.size_bytes = found->second;
    copies_.for_each(
        missing, [&](const FileCopy& file) { return copies_.copy(lake_.store(), target_, file); },
        [&](const FileCopy& file, const BackupFile& copy) { note(file.from, copy); });
  }

  void note(const std::string& name, const BackupFile& copy) {
    outcome_.backup.files.emplace(name, copy);
    part_.emplace(name, copy);
    part_bytes_ += copy.size_bytes;
    ++outcome_.new_files;
    outcome_.new_bytes += copy.size_bytes;
    renew();
    if (part_.size() >= kNoteFiles || part_bytes_ >= kNoteBytes) write_part();
  }

  void write_part() {
    if (part_.empty()) return;
    target_.sync();
    target_.write(fmt::format("{}{}.json", kCopied, random_uuid()), to_text(part_));
    part_.clear();
    part_bytes_ = 0;
  }

  void forget_parts() {
    part_.clear();
    std::vector<std::string> parts;
    for (const auto& [name, size] : sizes(target_, kCopied)) parts.push_back(std::string(kCopied) + name);
    remove_all(target_, parts);
  }

  void renew() {
    const auto now = std::chrono::steady_clock::now();
    if (now - renewed_ < kRenewEvery) return;
    lake_.catalog().renew_hold(hold_);
    renewed_ = now;
  }

  Lake& lake_;
  ObjectStore& target_;
  const Exclusive turn_;
  const FileCopier copies_;
  Catalog::Hold hold_;
  std::chrono::steady_clock::time_point renewed_;
  std::set<std::int64_t> tagged_;
  std::set<std::string> names_;
  std::map<std::string, BackupFile> part_;  // copied since the last part was written
  std::uint64_t part_bytes_ = 0;
  BackupOutcome outcome_;
};

// The lists first: what no list names may go, and a crash leaves files that the next time finds.
void remove_old(ObjectStore& target, int keep, BackupOutcome& outcome) {
  std::set<std::string> needed, states;
  std::vector<std::string> lists, files;
  int kept = 0;
  for (const std::string& id : backup_ids(target)) {
    std::string what;
    const auto backup = read_backup(target, id, what);
    if (!backup) continue;
    if (kept++ >= keep) {
      lists.push_back(manifest_name(id));
      continue;
    }
    states.insert(backup->state);
    for (const auto& [name, file] : backup->files) needed.insert(name);
  }
  remove_all(target, lists);
  outcome.removed_backups = static_cast<int>(lists.size());
  target.sync();
  for (const auto& [name, size] : sizes(target, kFiles))
    if (!needed.contains(name)) files.push_back(in_files(name));
  outcome.removed_files = static_cast<std::int64_t>(files.size());
  for (const auto& [name, size] : sizes(target, kState))
    if (!states.contains(name)) files.push_back(fmt::format("{}{}", kState, name));
  remove_all(target, files);
}

// What stands in the way of using a copy; "" when it is as it was made.
std::string look_at(const FileCopier& copies, ObjectStore& store, const std::string& name, const BackupFile& file) {
  try {
    return difference(copies.look(store, name, file.size_bytes), file);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    return "it is missing";
  }
}

[[noreturn]] void refuse_copy(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::Data, fmt::format("`{}` of the backup is damaged: {}", name, what))
      .hint("`lochan backup verify` names all that is damaged; an older backup may have it whole: `--at N`");
}

std::string read_state(ObjectStore& source, const Backup& backup) {
  const std::string name = fmt::format("{}{}", kState, backup.state);
  std::string bytes;
  try {
    bytes = source.read(name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    refuse_copy(name, "it is missing");
  }
  const std::string what = difference({bytes.size(), sha256(bytes)}, backup.state_file);
  if (!what.empty()) refuse_copy(name, what);
  return bytes;
}

void refuse_lake_itself(Lake& lake, ObjectStore& target) {
  if (target.uri("").starts_with(lake.store().uri("") + "/") || target.uri("") == lake.store().uri(""))
    throw Error(ErrorKind::Usage, "a backup can't lie in the lake itself").hint("name another place");
}

}  // namespace

std::uint64_t Backup::size_bytes() const {
  std::uint64_t bytes = state_file.size_bytes;
  for (const auto& [name, file] : files) bytes += file.size_bytes;
  return bytes;
}

BackupOutcome make_backup(Lake& lake, ObjectStore& target, std::optional<int> keep, std::stop_token stop) {
  refuse_lake_itself(lake, target);
  if (target.stat(kReplica))
    throw Error(ErrorKind::Usage, fmt::format("`{}` is a replica's place, which keeps the newest only", target.uri("")))
        .hint("name another place for backups, or use `lochan replicate`");
  BackupOutcome outcome = BackupMaking(lake, target, std::move(stop)).run();
  if (keep) remove_old(target, std::max(*keep, 1), outcome);
  return outcome;
}

BackupOutcome replicate(Lake& lake, ObjectStore& target, std::stop_token stop) {
  refuse_lake_itself(lake, target);
  BackupMaking making(lake, target, std::move(stop));
  if (!target.stat(kReplica)) {
    if (!backup_ids(target).empty())
      throw Error(ErrorKind::Usage,
                  fmt::format("`{}` has backups, and a replica keeps the newest only", target.uri("")))
          .hint("name another place for the replica");
    target.write(kReplica, fmt::format("{{\"lake\": \"{}\"}}\n", lake.store().uri("")));
  }
  BackupOutcome outcome = making.run();
  remove_old(target, 1, outcome);
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

std::vector<DamagedCopy> verify_backup(ObjectStore& target, const Backup& backup, const std::filesystem::path& spool,
                                       std::stop_token stop) {
  const FileCopier copies(spool, std::move(stop));
  std::vector<FileCopy> all{
      {fmt::format("{}{}", kState, backup.state), "", backup.state_file.size_bytes, backup.state_file.sha256}};
  for (const auto& [name, file] : backup.files) all.push_back({in_files(name), "", file.size_bytes, file.sha256});
  std::vector<DamagedCopy> damaged;
  const auto look = [&](const FileCopy& file) {
    // What it found travels as the answer's checksum.
    return BackupFile{0, look_at(copies, target, file.from, {file.size_bytes, file.sha256})};
  };
  copies.for_each(all, look, [&](const FileCopy& file, const BackupFile& answer) {
    if (!answer.sha256.empty()) damaged.push_back({file.from, answer.sha256});
  });
  return damaged;
}

RestoreOutcome restore_backup(ObjectStore& source, ObjectStore& lake, Database& state, const Backup& backup,
                              const std::filesystem::path& spool, std::stop_token stop) {
  if (lake.uri("") != backup.location)
    throw Error(ErrorKind::Data, fmt::format("the backup is of a lake in `{}`, and this project's is `{}`",
                                             backup.location, lake.uri("")))
        .hint("a lake's files name their places: restore it to where it was, by `lake:` in lochan.yaml");
  require_empty_state(state);
  const std::string rows = read_state(source, backup);
  const FileCopier copies(spool, std::move(stop));
  const auto there = sizes(lake, "");
  std::vector<FileCopy> files;
  for (const auto& [name, file] : backup.files) files.push_back({in_files(name), name, file.size_bytes, file.sha256});
  RestoreOutcome outcome;
  const auto put_back = [&](const FileCopy& file) -> BackupFile {
    const BackupFile wanted{file.size_bytes, file.sha256};
    const auto present = there.find(file.to);
    if (present != there.end() && present->second == wanted.size_bytes &&
        look_at(copies, lake, file.to, wanted).empty())
      return {};
    try {
      return copies.copy(source, lake, file);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound) refuse_copy(file.from, "it is missing");
      if (error.kind() == ErrorKind::Data) refuse_copy(file.from, error.message());
      throw;
    }
  };
  copies.for_each(files, put_back, [&](const FileCopy& file, const BackupFile& copied) {
    const bool was_present = copied.sha256.empty();
    ++(was_present ? outcome.present_files : outcome.copied_files);
    if (!was_present) outcome.copied_bytes += file.size_bytes;
  });
  lake.sync();
  restore_state(state, state_migrations(), rows);
  return outcome;
}

}  // namespace lochan
