// The landing: responses of outside systems, kept as they were received, before anything is read from them. Under
// `landing/<connection>/<table>/<extraction>/` of the lake, each response is a compressed object that is never written
// again, beside a JSON object that says what was asked; `manifest.json` closes an extraction that came to its end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "catalog/object_store.h"
#include "project/project.h"
#include "source/source.h"

namespace lochan {

/// The folder of the lake; no layer may have its name.
inline constexpr std::string_view kLandingFolder = "landing";

/// What an attempt asked of a connection.
struct LandingTally {
  std::int64_t calls = 0;
  std::int64_t held_back = 0;      // calls that had to wait: for the rate limit, or because the other side said so
  std::int64_t tried_again = 0;
  std::chrono::nanoseconds held{0};  // how long, in all
};

/// Where an attempt lands what it receives, and what it must know of its run.
struct Landing {
  ObjectStore& store;
  const Clock& clock;
  Log& log;
  std::int64_t run = 0;
  std::function<bool()> is_stopped = [] { return false; };
  /// Of an earlier run: whether it ended before it could use what it had landed.
  std::function<bool(std::int64_t run)> was_cut_off = [](std::int64_t) { return false; };
  std::function<void(const LandingTally&)> tell = [](const LandingTally&) {};
};

/// Of a source that lands what it receives: called before the source is opened, with all tables of the attempt. A retry asks
/// only for what isn't there yet.
class LandingSource {
 public:
  using Key = std::vector<std::string>;
  struct Table {
    const SourceTable* table;
    Cursor from;
    /// Of each of these keys, as texts: whether the table has a row of it from this connection.
    std::function<std::vector<bool>(const std::vector<Key>&)> has = [](const std::vector<Key>& keys) {
      return std::vector<bool>(keys.size());
    };
  };
  virtual ~LandingSource() = default;
  virtual void land(const Landing& landing, std::span<const Table> tables) = 0;
};

/// One response.
struct LandedResponse {
  int sequence = 0;  // of a parent's record; 0: there is no parent
  int page = 1;
  std::string url;   // without secrets
  std::string method;
  int status = 0;
  Instant at;
  std::string sha256;              // of the body as it was received
  std::uint64_t bytes = 0;         // of that
  std::uint64_t stored_bytes = 0;  // compressed
  std::int64_t records = 0;
  bool is_list = true;             // records stand in a list; else the body has one
  bool ends = false;               // no page follows
  std::string next;                // what leads to the next page
  std::int64_t total = -1;         // records in all, as the API says; -1: it doesn't
  std::string signature;           // of its records
  std::string reached;             // the greatest value of the cursor's column
  std::map<std::string, std::string> from_parent{};
};

/// What an extraction began with: it is resumed only with the same.
struct ExtractionStart {
  std::string fingerprint;  // of what is asked
  std::string since;
  std::string parent;       // the extraction of the parent's table
  friend bool operator==(const ExtractionStart&, const ExtractionStart&) = default;
};

/// One extraction of one table: what was received for it so far. May be shared between threads.
class LandedExtraction {
 public:
  /// The one to go on with, or a new one. `used` is the extraction whose rows are in the table.
  static LandedExtraction open(const Landing& landing, const std::string& connection, const std::string& table,
                               const ExtractionStart& start, const std::string& used);

  const std::string& name() const { return name_; }
  bool is_complete() const { return is_complete_; }
  bool is_resumed() const { return is_resumed_; }
  /// In the order of sequences and pages, once all is there.
  const std::vector<LandedResponse>& responses() const { return responses_; }
  /// The object of a response's body, relative to the lake.
  std::string body_name(const LandedResponse& response) const;
  std::string read_body(const LandedResponse& response) const;

  /// Durable once it returns, as far as the store is.
  void add(LandedResponse response, std::string_view body);
  /// A response that can't be used, for whoever looks into it. Returns its name.
  std::string add_refused(int sequence, int page, const std::string& url, int status, std::string_view body);
  void complete();

 private:
  LandedExtraction(const Landing& landing, std::string folder, std::string name)
      : landing_(&landing), folder_(std::move(folder)), name_(std::move(name)), mutex_(std::make_unique<std::mutex>()) {}

  void take();
  void read_responses(const std::map<std::string, std::uint64_t>& objects);
  std::string object(const std::string& file) const { return folder_ + name_ + "/" + file; }

  const Landing* landing_;
  std::string folder_;  // "landing/volt/orders/"
  std::string name_;
  bool is_complete_ = false;
  bool is_resumed_ = false;
  std::unique_ptr<std::mutex> mutex_;
  std::vector<LandedResponse> responses_;  // guarded by mutex_ while it is added to
};

}  // namespace lochan
