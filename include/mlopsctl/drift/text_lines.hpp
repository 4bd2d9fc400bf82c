// Lines of text inputs in chunks of some megabytes: what read_data_set does for tables, for those
// who make columns of lines themselves.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/drift/dataset.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::drift {

struct LineChunk {
  std::string path;       // or URL, as it was found; "-" is standard input
  std::string_view text;  // whole lines; only the last of an input may lack its line end
};

struct LineReading {
  std::function<std::vector<LocalCopy>(const std::string& url)> fetch;  // as ReadOptions::fetch
  unsigned threads = 0;  // 0: as many as the machine has
  // Before the first chunk of every input, with up to a mebibyte of its beginning.
  std::function<void(const std::string& source, std::string_view head)> open;
  // On several threads at once; the result is handed to `take` on the caller's thread, in the order
  // of the chunks.
  std::function<std::shared_ptr<void>(const LineChunk&)> work;
  std::function<void(const LineChunk&, const std::shared_ptr<void>&)> take;
};

// Paths, globs, "file://" and "-", each unpacked if it is compressed by gzip; flat memory. A byte
// order mark at the beginning is left out. Returns the files. Throws Error{not_found, usage,
// corrupt} naming the input.
std::vector<std::string> read_lines(const std::vector<std::string>& inputs,
                                    const LineReading& reading, Progress& progress);

}  // namespace mlopsctl::drift
