// Replay: open records of a `<table>__rejected` are looked at again, by the rules and columns that the table has now.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/rejected_rows.h"

namespace lochan {

struct ReplayQuestion {
  std::string table;              // "lake_3"."raw"."sale"
  std::string log;                // and the log beside it, which is there
  std::vector<Column> columns{};  // of the payload
  std::vector<std::string> key{};
  std::vector<RowRule> rules{};
  bool is_raw = false;            // a log of versions: a key's newest one counts, of one source
  std::string also{};             // SQL of what rules may name besides
  Parameters parameters{};
  std::optional<std::int64_t> run{};  // only what this run refused
  std::string check{};                // only what this check refused
};

struct ReplayCounts {
  std::int64_t records = 0;     // open ones that were asked for
  std::int64_t passing = 0;     // they may enter the table
  std::int64_t superseded = 0;  // a newer version of their key is known
  std::int64_t failing = 0;     // they stay open
  std::int64_t unfit = 0;       // of those: what isn't a row of the table, or one of several for one key
  std::map<std::string, std::int64_t> by_check{};  // of the failing; a record may fail several
};

/// Judges in the making, in temporary tables of the session; writes nothing to the lake but by `close`.
class Replay {
 public:
  Replay(Session& session, const ReplayQuestion& question);

  const ReplayCounts& counts() const { return counts_; }
  /// A select of the rows that may enter, in the columns of the question; `also` is in front of them.
  std::string passing(const std::string& also = "") const;
  /// SQL for the connection that a row came from, for `passing`.
  static std::string source();
  /// Says in the log what became of them: returns whether that wrote anything.
  bool close(std::int64_t run);

 private:
  void read();
  void judge();
  void count();
  std::string unfit() const;

  Session& session_;
  const ReplayQuestion& question_;
  ReplayCounts counts_;
};

}  // namespace lochan
