// Records of a running evaluation, a line each: `mlopsctl.eval.journal/1`. What is there when the
// program dies is there when it starts again; a line that was cut off is dropped.
#pragma once

#include "mlopsctl/base/time.hpp"
#include "mlopsctl/eval/evaluate.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace mlopsctl::eval {

class Journal {
 public:
  // `identity`: JSON text of everything that decides the records. Error{conflict} if the file is of
  // another identity, or is there and may not be resumed.
  Journal(const std::string& path, const std::string& identity, bool resume);
  ~Journal();

  // The record of an earlier run, if its prompt is the same.
  const ExampleRecord* find(const std::string& task, const ExampleRecord& begun) const;
  std::size_t found() const { return records_.size(); }

  void add(const std::string& task, const ExampleRecord& record);
  // Hands what was added to the system; to the disk once a second.
  void write();

 private:
  void read(const std::string& text, const std::string& identity);

  std::string path_;
  std::map<std::pair<std::string, std::string>, ExampleRecord> records_;  // by task and example
  int file_ = -1;
  std::string waiting_;
  Timestamp synced_;
};

}  // namespace mlopsctl::eval
