#include "support/locations.hpp"

namespace mlopsctl::testing {

std::string source_folder() { return MLOPSCTL_SOURCE_DIR; }
std::string built_program() { return MLOPSCTL_BINARY_PATH; }

}  // namespace mlopsctl::testing
