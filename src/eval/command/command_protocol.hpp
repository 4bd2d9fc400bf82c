// Requests and answers of a command as JSON lines (include/mlopsctl/eval/command_target.hpp).
#pragma once

#include "mlopsctl/eval/target.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl {

std::string request_line(std::uint64_t id, const LikelihoodRequest& request);
std::string request_line(std::uint64_t id, const std::string& rolling_text);
std::string request_line(std::uint64_t id, const GenerationRequest& request);

// The id that a line answers; nothing if it is no answer.
std::optional<std::uint64_t> answered_id(std::string_view line);

// What is missing in an answer, or "error" in it, is the result's error.
void read_answer(std::string_view line, LikelihoodResult& result);
void read_answer(std::string_view line, RollingResult& result);
void read_answer(std::string_view line, GenerationResult& result);

}  // namespace mlopsctl
