// What a column of the lake becomes in PostgreSQL. The table is docs/types.md.
#pragma once

#include <string>
#include <string_view>

#include "project/column.h"

namespace lochan {

struct TargetColumn {
  std::string name;
  std::string type;    // as format_type() writes it: `numeric(10,2)`, `timestamp with time zone`
  std::string select;  // SQL of the engine: the value as binary COPY takes it for the type
  bool is_text = false;
};

TargetColumn postgres_column(const Column& column);

/// Whether every value of one type is one of the other, so that a column of a target may be altered to it.
bool is_wider(std::string_view type, std::string_view than);

}  // namespace lochan
