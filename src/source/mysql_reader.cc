#include "source/mysql_reader.h"

#include <atomic>
#include <utility>

namespace lochan {
namespace {

class MysqlPartReader final : public PartReader {
 public:
  MysqlPartReader(std::shared_ptr<MysqlConnection> connection, const MysqlRead& read)
      : connection_(std::move(connection)) {
    for (const MysqlColumn& column : read.columns) columns_.emplace_back(column, read.table, read.connection_name);
  }
  ~MysqlPartReader() override {
    if (!is_at_end_) connection_->end_read();
  }

  std::size_t read(RowBatch& batch) override {
    std::size_t rows = 0;
    while (rows < batch.capacity() && !is_at_end_) {
      if (!connection_->read_row(values_)) {
        is_at_end_ = true;
        connection_->end_read();
        break;
      }
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (values_[i].data() == nullptr)
          batch.put_null(i, rows);
        else
          columns_[i].read(values_[i], batch, i, rows);
      }
      ++rows;
    }
    return rows;
  }

 private:
  std::shared_ptr<MysqlConnection> connection_;
  std::vector<MysqlValueReader> columns_;
  std::vector<std::string_view> values_;
  bool is_at_end_ = false;
};

class MysqlOutsideTable final : public OutsideTable {
 public:
  MysqlOutsideTable(std::shared_ptr<MysqlConnection> connection, MysqlRead read, bool has_begun)
      : connection_(std::move(connection)), read_(std::move(read)), has_begun_(has_begun) {
    for (const MysqlColumn& column : read_.columns)
      columns_.push_back({column.name, column.lake_type(), !column.not_null});
  }
  std::span<const Column> columns() const override { return columns_; }
  std::size_t parts() const override { return 1; }
  std::int64_t expected_rows() const override { return read_.expected_rows; }
  std::unique_ptr<PartReader> open(std::size_t) override {
    if (!has_begun_.exchange(false)) connection_->begin_read(read_.select);
    return std::make_unique<MysqlPartReader>(connection_, read_);
  }

 private:
  std::shared_ptr<MysqlConnection> connection_;
  const MysqlRead read_;
  std::vector<Column> columns_;
  std::atomic<bool> has_begun_;
};

}  // namespace

std::shared_ptr<OutsideTable> make_mysql_table(std::shared_ptr<MysqlConnection> connection, MysqlRead read) {
  return std::make_shared<MysqlOutsideTable>(std::move(connection), std::move(read), false);
}

std::shared_ptr<OutsideTable> make_mysql_answer(std::shared_ptr<MysqlConnection> connection, MysqlRead read) {
  return std::make_shared<MysqlOutsideTable>(std::move(connection), std::move(read), true);
}

}  // namespace lochan
