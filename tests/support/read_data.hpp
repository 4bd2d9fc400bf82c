// Reads data sets as the commands do, and looks at their columns.
#pragma once

#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::testing {

using drift::Categories;
using drift::Column;
using drift::DataSet;
using drift::Integers;
using drift::ReadOptions;

struct Quiet : Progress {
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view) override {}
  void note(std::string_view) override {}
  void detail(std::string_view) override {}
};

inline DataSet read_files(const std::vector<std::string>& inputs, const ReadOptions& options = {}) {
  Quiet progress;
  return drift::read_data_set(inputs, options, progress);
}

// A table from the text of one file.
inline DataSet read_text(std::string_view text, const ReadOptions& options = {},
                         const std::string& name = "t.csv") {
  const TemporaryFolder folder;
  write_file_atomically(folder / name, text);
  return read_files({folder / name}, options);
}

inline const Column& column(const DataSet& data, std::string_view name) {
  for (const Column& one : data.columns) {
    if (one.name == name) return one;
  }
  FAIL("no column " << std::string(name));
  return data.columns.front();
}

inline const std::vector<double>& reals(const DataSet& data, std::string_view name) {
  return std::get<std::vector<double>>(column(data, name).values);
}
inline const Integers& integers(const DataSet& data, std::string_view name) {
  return std::get<Integers>(column(data, name).values);
}
inline std::vector<std::string> labels(const DataSet& data, std::string_view name) {
  const auto& values = std::get<Categories>(column(data, name).values);
  std::vector<std::string> all;
  for (const std::int32_t code : values.codes) {
    all.push_back(code < 0 ? "-" : values.labels[static_cast<std::size_t>(code)]);
  }
  return all;
}

inline bool has_note(const DataSet& data, std::string_view text) {
  for (const std::string& note : data.notes) {
    if (note.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace mlopsctl::testing
