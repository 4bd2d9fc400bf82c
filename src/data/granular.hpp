// `add` of a part of a tracked directory.
#pragma once

#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <string>

namespace mlopsctl::data {

// The directory entry with what is at `inside` now in place of what was recorded there; what is
// gone is taken out. Throws Error{not_found} if it is neither there nor recorded.
OutEntry add_inside(Repository& repository, Digests& digests, const TrackedOutput& directory,
                    const std::string& inside, bool commit, Progress& progress);

}  // namespace mlopsctl::data
