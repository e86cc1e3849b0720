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
  /// Somebody keeps `sale` from being changed while `work` goes on.
  virtual void lock(const std::function<void()>& work) = 0;
  /// Somebody changes the row with this id.
  virtual void change(int id) = 0;
  /// The server ends what its clients do, again and again while `work` goes on.
  virtual void disturb(const std::function<void()>& work) = 0;
  /// Where the server listens: for a proxy.
  virtual int port() const = 0;
};

std::unique_ptr<ContractTarget> make_postgres_target();

}  // namespace lochan
