// From the cache to the working tree.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/data/digests.hpp"
#include "mlopsctl/data/workspace.hpp"

#include <span>
#include <string>
#include <vector>

namespace mlopsctl::data {

struct CheckoutOptions {
  bool force = false;          // overwrite content that is nowhere else
  bool relink = false;         // make every file anew with the configured type of link
  bool allow_missing = false;  // objects that are not in the cache are no failure
  bool everything = false;     // outputs that are no longer tracked are removed, too
};

enum class CheckedOut { unchanged, added, modified, deleted, failed };

struct CheckoutItem {
  std::string path;  // output, relative to the root; folders end in '/'
  CheckedOut change = CheckedOut::unchanged;
  std::string reason;  // why it failed
};

struct CheckoutResult {
  std::vector<CheckoutItem> items;
  std::size_t files = 0;  // that were written

  std::size_t count(CheckedOut change) const;
};

// Makes the working tree what the pointer files say. Looks at everything first: throws
// Error{conflict} naming the files whose content is neither in the cache nor recorded, before
// anything is touched, unless force is set. Outputs whose objects are missing fail by themselves.
CheckoutResult checkout(Repository& repository, std::span<const SelectedOutput> outputs,
                        const CheckoutOptions& options, Progress& progress);

}  // namespace mlopsctl::data
