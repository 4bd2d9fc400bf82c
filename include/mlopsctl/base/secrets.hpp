// Keeps credentials out of anything that is stored or shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// What stands in for a masked value.
inline constexpr std::string_view masked = "***";

// True for names such as AWS_SECRET_ACCESS_KEY, HF_TOKEN, db_password, api-key.
bool is_secret_name(std::string_view name);

// True for values that are credentials by their look: AKIA…, ghp_…, hf_…, sk-…, PEM private keys,
// JWTs.
bool is_secret_value(std::string_view value);

// Masks user:password@ in URLs, secret query parameters, and tokens recognised by is_secret_value
// anywhere in the text. Everything else stays as it is.
std::string mask_secrets(std::string_view text);

// The same for a command line: also `--token VALUE`, `--api-key=VALUE`, `PASSWORD=VALUE`.
std::vector<std::string> mask_arguments(const std::vector<std::string>& argv);

}  // namespace mlopsctl
