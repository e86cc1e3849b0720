// `${VAR}` in YAML: in a flow mapping its braces would be YAML's own, so they are hidden from the parser.
#pragma once

#include <string>
#include <string_view>

namespace lochan {

/// The text with what is YAML's own inside each `${…}` of a line replaced, byte for byte, so that positions stay.
std::string hide_variables(std::string_view text);
/// A scalar as it was written.
std::string show_variables(std::string text);

}  // namespace lochan
