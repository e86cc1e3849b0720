// How large a table is, as the summary of its current snapshot says (spec: "Optional Snapshot Summary Fields").
#pragma once

#include <cstdint>
#include <optional>

#include "catalog/catalog.h"

namespace lochan {

struct DescribedSize {
  std::int64_t records = 0;  // more than there are rows, where there are delete files
  std::int64_t data_files = 0;
  std::int64_t delete_files = 0;
};

/// Costs what the engine pays anyway, which reads the same metadata. An engine need not say it, and may say it wrongly: for
/// choosing how to work, never for what comes out. All zero for a table without a snapshot; nothing for views.
std::optional<DescribedSize> described_size(Catalog& catalog, const Entry& entry);

}  // namespace lochan
