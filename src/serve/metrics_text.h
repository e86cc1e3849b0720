// Measures as Prometheus reads them (its text format, version 0.0.4): each family with its help and its type, once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lochan {

class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  /// Begins a family; its samples follow. `type`: counter, gauge, histogram.
  MetricsText& family(std::string_view name, std::string_view type, std::string_view help);
  /// `suffix`: of a histogram's samples: `_bucket`, `_sum`, `_count`.
  MetricsText& sample(const Labels& labels, double value, std::string_view suffix = "");

  const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace lochan
