// Requests as the text that their key is the digest of, and answers as JSON.
#pragma once

#include "mlopsctl/eval/target.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl {

// `target`: the digest of a fingerprint.
std::string target_digest(const Fingerprint& fingerprint);
std::string answer_key(const std::string& target, const LikelihoodRequest& request);
std::string answer_key(const std::string& target, const std::string& rolling_text);
std::string answer_key(const std::string& target, const GenerationRequest& request);

std::string answer_json(const LikelihoodResult& result);
std::string answer_json(const RollingResult& result);
std::string answer_json(const GenerationResult& result);

// Nothing for a text that is no such answer: then it is asked for again.
template <class Result>
std::optional<Result> parse_kept(std::string_view text);

}  // namespace mlopsctl
