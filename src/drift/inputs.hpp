// What the user calls inputs, resolved to files and formats.
#pragma once

#include "mlopsctl/drift/dataset.hpp"
#include "mlopsctl/platform/mapped_file.hpp"

#include "drift/text_source.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

enum class Format { csv, tsv, jsonl, npy, npz, safetensors, parquet };
std::string_view to_string(Format format);
// Matrices have features by position, tables by name.
bool is_matrix(Format format);

struct Input {
  std::string name;  // for messages, made printable and quoted
  std::string path;  // "-" is standard input
  Format format = Format::csv;
  bool compressed = false;  // by gzip
  // Not for Parquet, which its library opens. Null for standard input that is streamed.
  std::shared_ptr<const MappedFile> file;
};

// Paths, globs (sorted), "file://" and "-". Throws Error{not_found} for what matches nothing,
// Error{usage} for folders, unknown formats, and inputs of which some are matrices and some tables.
std::vector<Input> resolve_inputs(const std::vector<std::string>& inputs,
                                  const ReadOptions& options);

// An empty data set with its source and files.
DataSet named_data_set(const std::vector<std::string>& inputs, const std::vector<Input>& resolved);

// The text of an input, unpacked on the way.
TextSource open_text(const Input& input);

}  // namespace mlopsctl::drift
