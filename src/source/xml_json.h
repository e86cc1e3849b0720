// An element of XML as JSON, written as it is read.
#pragma once

#include <libxml/tree.h>

#include <string>
#include <string_view>
#include <vector>

#include "source/text_kinds.h"

namespace lochan {

/// Attributes and children by their names, in the order they come in; what comes several times as a list. The text of
/// an element that has more than text is `_text`.
class XmlJson {
 public:
  /// Appends the record: nested values as text of JSON.
  void append_record(const xmlNode* node, std::string& out);
  /// Those of all records so far.
  std::vector<TextColumn> take_columns() { return std::move(columns_); }

 private:
  struct Member {
    const xmlNode* element = nullptr;  // one of these three
    const xmlAttr* attribute = nullptr;
    std::string text{};
    std::size_t next = 0;  // of the same name; 0: none
  };
  struct Name {
    std::string_view name;
    std::size_t first = 0, last = 0;  // members
  };
  // Members and names of the elements that are being written, the innermost last: their memory is used again.
  struct Level {
    std::size_t members = 0, names = 0;
  };
  Level open(const xmlNode* node);
  void close(const Level& level);
  void put(const Level& level, std::string_view name, Member member);
  void append_object(const xmlNode* node, std::string& out);
  void append_members(std::size_t first, std::string& out);
  void append_member(std::size_t at, std::string& out);
  void append_column(const Name& name, std::size_t number, std::string& out);
  bool is_structured(const Member& member) const;
  TextKinds& kinds_of(std::string_view name, std::size_t number);

  std::vector<Member> members_{Member{}};  // the first is none
  std::vector<Name> names_;
  std::vector<TextColumn> columns_;
  std::string nested_;
};

}  // namespace lochan
