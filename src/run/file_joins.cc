#include "run/file_joins.h"

#include <algorithm>
#include <map>
#include <utility>

namespace lochan {
namespace {

constexpr std::size_t kFewestSmall = 5;   // below that the saving isn't worth a commit
constexpr std::uint64_t kGrowth = 4;      // a file joins others that hold a quarter of it,
constexpr std::uint64_t kCheapShare = 64;  // or is so small a share of the target that it costs nothing
constexpr int kManyDeletes = 10;          // files of deletes for one data file
constexpr double kOpening = 64 << 10;     // bytes read in the time that opening a file takes

/// One data file, with what is deleted of it.
struct Candidate {
  std::size_t file = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t deleted_rows = 0;
  int delete_files = 0;
  bool is_rotten = false;  // many of its rows are deleted ones
};

using Place = std::pair<std::int64_t, std::map<std::string, std::string>>;  // spec and partition

class Planner {
 public:
  Planner(std::span<const LakeFile> files, const MaintainConfig& config) : files_(files), config_(config) {}

  std::vector<FileJoin> plan() {
    gather();
    for (auto& [place, candidates] : places_) choose(candidates);
    for (FileJoin& join : joins_) finish(join);
    std::ranges::sort(joins_, [](const FileJoin& a, const FileJoin& b) { return a.reward() > b.reward(); });
    return std::move(joins_);
  }

 private:
  void gather() {
    std::map<std::string, Candidate*> by_path;
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (!files_[i].is_delete) places_[place_of(files_[i])].push_back({i, files_[i].size_bytes});
    for (auto& [place, candidates] : places_)
      for (Candidate& candidate : candidates) by_path[files_[candidate.file].path] = &candidate;
    deleted_by_.resize(files_.size());
    targets_.resize(files_.size());
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const LakeFile& file = files_[i];
      if (!file.is_delete) continue;
      if (const auto target = by_path.find(file.deletes_from); target != by_path.end()) {
        add_deletes(*target->second, i);
      } else if (file.deletes_from.empty()) {
        for (Candidate& candidate : places_[place_of(file)]) add_deletes(candidate, i);
      }
    }
  }

  static Place place_of(const LakeFile& file) { return {file.spec, file.partition}; }

  // Deletes apply to what was there before them (spec: "Scan Planning").
  void add_deletes(Candidate& candidate, std::size_t deletes) {
    if (files_[candidate.file].sequence_number > files_[deletes].sequence_number) return;
    deleted_by_[candidate.file].push_back(deletes);
    ++targets_[deletes];
    candidate.deleted_rows += files_[deletes].rows;
    ++candidate.delete_files;
    const auto rows = static_cast<double>(std::max<std::int64_t>(files_[candidate.file].rows, 1));
    candidate.is_rotten = candidate.delete_files > kManyDeletes ||
                          static_cast<double>(candidate.deleted_rows) >= config_.delete_ratio * rows;
  }

  void choose(std::vector<Candidate>& candidates) {
    std::ranges::sort(candidates, {}, &Candidate::size_bytes);
    std::vector<Candidate> chosen;
    std::uint64_t sum = 0;
    std::size_t last = 0;
    const std::uint64_t most = config_.target_bytes / 4 * 3;
    for (const Candidate& candidate : candidates) {
      if (candidate.size_bytes >= most) break;
      chosen.push_back(candidate);
      if (candidate.size_bytes <= std::max(kGrowth * sum, config_.target_bytes / kCheapShare)) last = chosen.size();
      sum += candidate.size_bytes;
    }
    chosen.resize(last);
    const bool has_rotten = std::ranges::any_of(candidates, &Candidate::is_rotten);
    if (!has_rotten && chosen.size() < kFewestSmall) return;
    for (const Candidate& candidate : candidates)
      if (candidate.is_rotten && std::ranges::find(chosen, candidate.file, &Candidate::file) == chosen.end())
        chosen.push_back(candidate);
    pack(chosen);
  }

  // In the order of their sizes, up to the target.
  void pack(const std::vector<Candidate>& chosen) {
    std::vector<Candidate> bin;
    std::uint64_t sum = 0;
    const auto close = [&] {
      const bool is_rotten = std::ranges::any_of(bin, &Candidate::is_rotten);
      if (bin.size() > 1 || is_rotten) joins_.push_back(join_of(bin));
      bin.clear();
      sum = 0;
    };
    for (const Candidate& candidate : chosen) {
      if (sum > 0 && sum + candidate.size_bytes > config_.target_bytes) close();
      bin.push_back(candidate);
      sum += candidate.size_bytes;
    }
    close();
  }

  static FileJoin join_of(const std::vector<Candidate>& bin) {
    FileJoin join;
    for (const Candidate& candidate : bin) join.files.push_back(candidate.file);
    return join;
  }

  // Delete files go when every data file that they are for is written anew.
  void finish(FileJoin& join) const {
    std::map<std::size_t, std::size_t> hits;
    for (const std::size_t file : join.files)
      for (const std::size_t deletes : deleted_by_[file]) ++hits[deletes];
    for (const auto& [deletes, count] : hits)
      if (count == targets_[deletes]) join.deletes.push_back(deletes);
    for (const auto* list : {&join.files, &join.deletes})
      for (const std::size_t i : *list) join.size_bytes += files_[i].size_bytes;
    join.saved = static_cast<int>(join.files.size() + join.deletes.size()) - 1;
  }

  const std::span<const LakeFile> files_;
  const MaintainConfig& config_;
  std::map<Place, std::vector<Candidate>> places_;
  std::vector<std::vector<std::size_t>> deleted_by_;  // of each data file: its delete files
  std::vector<std::size_t> targets_;                  // of each delete file: how many data files it is for
  std::vector<FileJoin> joins_;
};

}  // namespace

double FileJoin::reward() const { return saved / (static_cast<double>(cost_bytes()) + kOpening); }

std::vector<FileJoin> plan_joins(std::span<const LakeFile> files, const MaintainConfig& config) {
  return Planner(files, config).plan();
}

}  // namespace lochan
