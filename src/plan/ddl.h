// The schema of a project's tables as SQL, and as a diagram: what the lake has, what sinks make at their targets, and
// what models make in databases.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "plan/analysis.h"

namespace lochan {

/// `entries`: what the lake has; a table that was never built has the columns that its model will give. Of `only` one
/// table.
std::string ddl(const Project& project, const Analysis& analysis, std::span<const Entry> entries,
                const std::optional<TableName>& only);

/// https://mermaid.js.org/syntax/entityRelationshipDiagram.html: keys by checks `unique`, relations by checks
/// `relationships`.
std::string entity_diagram(const Project& project, const Analysis& analysis, std::span<const Entry> entries,
                           const std::optional<TableName>& only);

}  // namespace lochan
