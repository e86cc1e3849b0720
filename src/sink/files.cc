// The sink to files, in a folder or a bucket: Parquet, CSV or JSON.
#include <fmt/format.h>

#include <atomic>

#include "base/error.h"
#include "project/files_config.h"
#include "sink/file_carry.h"
#include "sink/kinds.h"
#include "sink/lake_rows.h"
#include "sink/unanswered.h"

namespace lochan {
namespace {

constexpr int kAttempts = 5;  // at a table, while others are first

class FilesSink final : public Sink {
 public:
  explicit FilesSink(const Connection& connection) : target_(connection) {}

  std::vector<CarriedTable> carry(Session& session, const CarryRequest& request) override {
    std::vector<CarriedTable> carried;
    for (const CarryTable& table : request.tables) {
      try {
        carried.push_back(carry_table(session, request, table));
      } catch (const Error& error) {
        // What the tables before it did counts, though the step fails.
        unanswered_.add(carried);
        throw at_table(error, table);
      } catch (const std::filesystem::filesystem_error& error) {
        throw Error(ErrorKind::Unavailable, error.what()).at(table.table->position);
      }
    }
    unanswered_.recall(carried);
    return carried;
  }

  void cancel() noexcept override { cancelled_ = true; }

 private:
  CarriedTable carry_table(Session& session, const CarryRequest& request, const CarryTable& table) {
    const std::string& folder = request.sink->schema;
    const std::string name = folder.empty() ? table.table->to : folder + "/" + table.table->to;
    for (int attempt = 1;; ++attempt) {
      const auto place = open_place(name);
      FileCarry carry(*place, session, request, table, [this] {
        if (cancelled_) throw Error(ErrorKind::Unavailable, "interrupted");
      });
      try {
        carry.carry();
        return carry.carried();
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::CommitUnknown) unanswered_.add(carry.carried());
        if (error.kind() != ErrorKind::Conflict || attempt == kAttempts) throw;
      }
    }
  }

  std::unique_ptr<SinkPlace> open_place(const std::string& name) {
    if (files_place(target_) == FilesPlace::Bucket) {
      LakePlace folder = target_.files->bucket;
      folder.location += "/" + name;
      return make_sink_bucket(make_s3_store(folder, clock_));
    }
    return make_sink_folder(target_.location, name, [this] { return cancelled_.load(); });
  }

  const Connection& target_;
  const SystemClock clock_;
  std::atomic<bool> cancelled_ = false;
  Unanswered unanswered_;
};

}  // namespace

std::unique_ptr<Sink> make_files_sink(const Connection& connection) { return std::make_unique<FilesSink>(connection); }

}  // namespace lochan
