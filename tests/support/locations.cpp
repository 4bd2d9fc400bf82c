#include "support/locations.hpp"

namespace mlopsctl::testing {

const std::string source_folder = MLOPSCTL_SOURCE_DIR;
const std::string built_program = MLOPSCTL_BINARY_PATH;

}  // namespace mlopsctl::testing
