// A system that a sink writes to, as the contract (contract_service_test.cc) sees it: what is in it, and what may happen to it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "project/project.h"

namespace lochan {

class ContractTarget {
 public:
  virtual ~ContractTarget() = default;
  virtual Connection connection() = 0;
  /// The columns of the rows of `sale`, values with a `|` between them, sorted.
  virtual std::vector<std::string> rows(const std::string& columns) = 0;
  /// Somebody takes out all rows of `sale`.
  virtual void empty() = 0;
  /// Somebody drops `sale`.
  virtual void drop() = 0;
  /// Somebody makes a `sale` of his own, of which the sink knows nothing.
  virtual void make_foreign() = 0;
  /// Keeps all that is there, mark too; `restore` brings it back.
  virtual void back_up() = 0;
  virtual void restore() = 0;
  /// Somebody changes the row with this id.
  virtual void change(int id) = 0;

  /// Whether somebody can keep `sale` from being changed while `work` goes on; then `lock` does so.
  virtual bool has_lock() const { return true; }
  virtual void lock(const std::function<void()>& work) = 0;
  /// Whether it notices by itself that somebody changed a row.
  virtual bool sees_changes() const { return false; }
  /// Whether rows and mark are written in one transaction, whose answer may be lost.
  virtual bool has_transactions() const { return true; }
  /// How many rows it takes in a few seconds.
  virtual int many_rows() const { return 300'000; }
  /// The server ends what its clients do, again and again while `work` goes on; nothing where there is no way to.
  virtual bool disturb(const std::function<void()>&) { return false; }
  /// Where the server listens, for a proxy; 0: there is none.
  virtual int port() const { return 0; }
  virtual std::string why_uncut() const { return "no server is asked"; }
};

std::unique_ptr<ContractTarget> make_postgres_target();
std::unique_ptr<ContractTarget> make_mongodb_target();
std::unique_ptr<ContractTarget> make_folder_target();
std::unique_ptr<ContractTarget> make_bucket_target();

}  // namespace lochan
