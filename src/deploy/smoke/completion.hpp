// Requests for a completion with OpenAI's API, and the text of the answer.
#pragma once

#include "mlopsctl/deploy/plan.hpp"
#include "mlopsctl/formats/json_document.hpp"

#include <optional>
#include <string>

namespace mlopsctl::smoke {

// Where a check is sent: its path, or /v1/completions where a completion is wanted and no path was
// given.
std::string path_of(const SmokeCheck& check);
// Of "/v1/chat/completions": "/v1/models".
std::string models_path(const std::string& path);

std::string completion_body(const SmokeCheck& check, const std::string& model);
// The text of a completion or a chat; nothing if the answer has none.
std::optional<std::string> completion_text(JsonDocument& answer);

}  // namespace mlopsctl::smoke
