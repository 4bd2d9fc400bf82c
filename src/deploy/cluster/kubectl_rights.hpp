// Rights as the API server tells them: first all rules at once, then one question for each right
// that they do not show.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

#include <span>
#include <string>
#include <vector>

namespace mlopsctl::deploy {

Json rules_review(const std::string& name_space);
// Does the answer to rules_review show it?
bool is_allowed(const Json& review, const Right& right);

// A List of SelfSubjectAccessReviews, in the order of the rights.
Json access_reviews(const std::string& name_space, std::span<const Right> rights);
bool is_allowed(const Json& access_review);

}  // namespace mlopsctl::deploy
