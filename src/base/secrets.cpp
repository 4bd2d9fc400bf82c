#include "mlopsctl/base/secrets.hpp"

#include "mlopsctl/base/text.hpp"

#include <algorithm>
#include <array>

namespace mlopsctl {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_token_char(char c) { return is_word(c) || c == '_' || c == '-' || c == '.'; }

struct TokenShape {
  std::string_view prefix;
  std::size_t length;  // least number of characters after the prefix
};

// Prefixes that issuers publish so that leaked credentials can be found.
constexpr std::array token_shapes{
    TokenShape{"AKIA", 16},   TokenShape{"ASIA", 16},  TokenShape{"ghp_", 20},
    TokenShape{"gho_", 20},   TokenShape{"ghs_", 20},  TokenShape{"github_pat_", 20},
    TokenShape{"glpat-", 16}, TokenShape{"hf_", 20},   TokenShape{"sk-", 20},
    TokenShape{"xoxb-", 16},  TokenShape{"xoxp-", 16}, TokenShape{"eyJhbGciOi", 20},
    TokenShape{"AIza", 30},
};

// Splits "aws_secret-accessKey" into lower-case words: aws secret access key.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool upper = c >= 'A' && c <= 'Z';
    const bool after_lower = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
    if ((!is_word(c) || (upper && after_lower)) && !word.empty()) {
      words.push_back(to_lower(word));
      word.clear();
    }
    if (is_word(c)) word += c;
  }
  if (!word.empty()) words.push_back(to_lower(word));
  return words;
}

// End of the token that starts at `at`, or npos if no known credential starts there.
std::size_t token_end(std::string_view text, std::size_t at) {
  if (at > 0 && is_word(text[at - 1])) return std::string_view::npos;
  for (const auto& shape : token_shapes) {
    if (!text.substr(at).starts_with(shape.prefix)) continue;
    std::size_t end = at + shape.prefix.size();
    while (end < text.size() && is_token_char(text[end])) ++end;
    if (end - at - shape.prefix.size() >= shape.length) return end;
  }
  return std::string_view::npos;
}

// Masks user:password@ of every scheme://… in the text.
std::string mask_userinfo(std::string_view text) {
  std::string result;
  while (true) {
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos) return result.append(text);
    const auto start = scheme + 3;
    const auto end = std::min(text.find_first_of("/?# \t\n\"'", start), text.size());
    const auto at = text.substr(start, end - start).rfind('@');
    result.append(text.substr(0, start));
    if (at != std::string_view::npos) {
      // "git@host" names no secret, "token@host" may be one: keep only the well-known user.
      const auto user = text.substr(start, at);
      result.append(user == "git" ? "git" : masked);
      result.append(text.substr(start + at, end - start - at));
    } else {
      result.append(text.substr(start, end - start));
    }
    text.remove_prefix(end);
  }
}

// Masks the values of secret names in ?a=1&token=x and in PASSWORD=x.
std::string mask_assignments(std::string_view text) {
  std::string result;
  std::size_t from = 0;
  for (std::size_t equals = text.find('='); equals != std::string_view::npos;
       equals = text.find('=', equals + 1)) {
    std::size_t name = equals;
    while (name > from && (is_token_char(text[name - 1]))) --name;
    if (equals < from || !is_secret_name(text.substr(name, equals - name))) continue;
    const auto end = std::min(text.find_first_of("&;, \t\n\"'", equals + 1), text.size());
    if (end == equals + 1) continue;
    result.append(text.substr(from, equals + 1 - from)).append(masked);
    from = end;
    equals = end == 0 ? 0 : end - 1;
  }
  return result.append(text.substr(from));
}

}  // namespace

bool is_secret_name(std::string_view name) {
  const auto words = words_of(name);
  const auto has = [&](std::string_view word) {
    return std::ranges::find(words, word) != words.end();
  };
  // pad_token, eos_token, … are vocabulary entries that every tokenizer configuration names.
  constexpr std::array<std::string_view, 9> vocabulary{"pad", "eos",  "bos",     "unk", "sep",
                                                       "cls", "mask", "special", "next"};
  if (has("token") && std::ranges::any_of(vocabulary, has)) return false;
  constexpr std::array<std::string_view, 12> alone{
      "password", "passwd",     "pwd",         "secret",     "secrets",       "token",
      "apikey",   "credential", "credentials", "passphrase", "authorization", "pat"};
  if (std::ranges::any_of(alone, has)) return true;
  constexpr std::array<std::string_view, 8> before_key{"api",  "access",  "private", "secret",
                                                       "auth", "signing", "account", "encryption"};
  return has("key") && std::ranges::any_of(before_key, has);
}

bool is_secret_value(std::string_view value) {
  if (value.empty()) return false;
  const bool pem = value.find("-----BEGIN") != std::string_view::npos &&
                   value.find("PRIVATE KEY-----") != std::string_view::npos;
  return pem || token_end(value, 0) == value.size();
}

std::string mask_secrets(std::string_view text) {
  if (is_secret_value(text)) return std::string(masked);
  const std::string open = mask_assignments(mask_userinfo(text));
  std::string result;
  for (std::size_t i = 0; i < open.size();) {
    const auto end = token_end(open, i);
    if (end == std::string_view::npos) {
      result += open[i++];
    } else {
      result.append(masked);
      i = end;
    }
  }
  return result;
}

std::vector<std::string> mask_arguments(const std::vector<std::string>& argv) {
  std::vector<std::string> result;
  bool value_of_secret = false;
  for (const auto& argument : argv) {
    if (value_of_secret && !argument.starts_with("-")) {
      result.emplace_back(masked);
    } else {
      result.push_back(mask_secrets(argument));
    }
    value_of_secret = argument.starts_with("-") && argument.find('=') == std::string::npos &&
                      is_secret_name(argument);
  }
  return result;
}

}  // namespace mlopsctl
