// XML as lines of JSON, by libxml2's reader: entities aren't expanded from elsewhere, and nothing is fetched.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <libxml/xmlreader.h>

#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "source/byte_stream.h"
#include "source/record_text.h"
#include "source/xml_json.h"

namespace lochan {
namespace {

struct FreeReader {
  void operator()(xmlTextReader* reader) const { xmlFreeTextReader(reader); }
};

int read_bytes(void* from, char* into, int size) {
  try {
    auto& bytes = *static_cast<ByteStream*>(from);
    const std::size_t got = bytes.read(into, static_cast<std::size_t>(size));
    return got == 0 && bytes.is_broken() ? -1 : static_cast<int>(got);
  } catch (const std::exception&) {
    return -1;  // C is no place for exceptions
  }
}
int close_nothing(void*) { return 0; }

std::string as_text(const xmlChar* text) { return text == nullptr ? "" : reinterpret_cast<const char*>(text); }

// The first thing that was wrong.
void note_error(void* into, xmlErrorPtr error) {
  auto& said = *static_cast<std::string*>(into);
  if (said.empty() && error != nullptr && error->message != nullptr)
    said = fmt::format("line {}: {}", error->line, text::trim(error->message));
}

class XmlRecords {
 public:
  XmlRecords(const std::filesystem::path& file, std::string name, const std::string& records,
             const std::filesystem::path& copy)
      : name_(std::move(name)), path_(text::split(records, '/')), bytes_(file), out_(copy, std::ios::binary) {
    reader_.reset(
        xmlReaderForIO(read_bytes, close_nothing, &bytes_, nullptr, nullptr, XML_PARSE_NONET | XML_PARSE_COMPACT));
    if (!reader_) throw Error(ErrorKind::Internal, "libxml2 gives no reader");
    xmlTextReaderSetStructuredErrorHandler(reader_.get(), note_error, &error_);
  }

  RecordText run() {
    int code = 0;
    while ((code = step()) == 1) {
    }
    result_.columns = json_.take_columns();
    out_.close();
    if (!out_)
      throw Error(ErrorKind::Unavailable, "a copy of an XML file can't be written")
          .hint("make room in TMPDIR, or set it to another folder");
    if (code == 0 && result_.records == 0)
      result_.refusal = fmt::format("it has no element `{}`{}", fmt::join(path_, "/"),
                                    root_.empty() ? "" : fmt::format("; the outermost is `{}`", root_));
    if (code >= 0) return std::move(result_);
    const std::string why = "it is no sound XML: " + (error_.empty() ? "it is cut off or damaged" : error_);
    if (result_.records == 0)
      result_.refusal = why;
    else
      result_.refused.push_back(
          {"", fmt::format("from here on {}", why), fmt::format("{}:{}", name_, result_.records + 1)});
    return std::move(result_);
  }

 private:
  // To the next element that may be a record. 1: goes on; 0: the end; -1: broken.
  int step() {
    if (!is_ahead_)
      if (const int code = xmlTextReaderRead(reader_.get()); code != 1) return code;
    is_ahead_ = false;
    const int type = xmlTextReaderNodeType(reader_.get());
    if (type == XML_READER_TYPE_END_ELEMENT) open_.pop_back();
    if (type != XML_READER_TYPE_ELEMENT) return 1;
    if (root_.empty()) root_ = as_text(xmlTextReaderConstLocalName(reader_.get()));
    open_.push_back(as_text(xmlTextReaderConstLocalName(reader_.get())));
    if (is_record()) return take_record();
    if (xmlTextReaderIsEmptyElement(reader_.get()) == 1) open_.pop_back();
    return 1;
  }

  bool is_record() const {
    if (open_.size() < path_.size()) return false;
    return path_.size() == 1 ? open_.back() == path_.back() : open_ == path_;
  }

  int take_record() {
    xmlNode* node = xmlTextReaderExpand(reader_.get());
    if (node == nullptr) return -1;
    line_.clear();
    json_.append_record(node, line_);
    line_ += '\n';
    out_.write(line_.data(), static_cast<std::streamsize>(line_.size()));
    ++result_.records;
    open_.pop_back();
    is_ahead_ = true;  // the reader stands behind the whole element
    return xmlTextReaderNext(reader_.get());
  }

  const std::string name_;
  const std::vector<std::string> path_;
  ByteStream bytes_;
  std::ofstream out_;
  std::unique_ptr<xmlTextReader, FreeReader> reader_;
  std::string error_;
  std::string root_;
  std::vector<std::string> open_;  // the elements that the reader is in
  bool is_ahead_ = false;
  XmlJson json_;
  std::string line_;
  RecordText result_;
};

}  // namespace

RecordText write_xml_records(const std::filesystem::path& file, const std::string& name, const std::string& records,
                             const std::filesystem::path& copy) {
  return XmlRecords(file, name, records, copy).run();
}

}  // namespace lochan
