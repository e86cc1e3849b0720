// A source that answers for many tables at the cost of one.
#pragma once

#include <span>

#include "source/source.h"

namespace lochan {

class AskedTogether {
 public:
  struct Table {
    const SourceTable* table;
    Cursor from;  // how far it was read before
  };
  virtual ~AskedTogether() = default;
  /// Says which tables `describe` will be called for and, when the source is open, `extract`: what they need is then asked at
  /// once. The tables must outlive the source, or its next `close`. Throws only what ends the attempt: what is wrong with one
  /// table's name or rights, the later call says.
  virtual void ask_for(std::span<const Table> tables) = 0;
};

}  // namespace lochan
