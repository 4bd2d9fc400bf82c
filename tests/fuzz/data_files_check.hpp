// .dvc files, ".dir" objects, .dvc/config, ignore patterns: read or refused; what is written reads
// back; paths stay inside their folder.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_data_files(std::string_view text);

}  // namespace mlopsctl::fuzz
