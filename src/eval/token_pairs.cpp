#include "eval/token_pairs.hpp"

#include "mlopsctl/formats/unicode.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

TextPair text_pair(std::string_view context, std::string_view continuation) {
  std::size_t end = 0;  // behind the last character that is no white space
  for (std::size_t at = 0; at < context.size();) {
    if (!is_white_space(next_code_point(context, at))) end = at;
  }
  TextPair pair{.context = std::string(context.substr(0, end)), .whole = std::string(context)};
  pair.whole += continuation;
  return pair;
}

ScoredTokens scored_tokens(std::span<const TokenId> context, std::span<const TokenId> whole,
                           std::optional<TokenId> prefix, std::size_t most) {
  ScoredTokens scored;
  scored.tokens.assign(context.begin(), context.end());
  if (whole.size() > context.size()) {
    scored.tokens.insert(scored.tokens.end(),
                         whole.begin() + static_cast<std::ptrdiff_t>(context.size()), whole.end());
  }
  scored.first = context.size();
  scored.joined = !std::ranges::equal(context, whole.first(std::min(whole.size(), context.size())));
  if (context.empty()) {
    if (!prefix) {
      scored.error = "the context is empty, and no token is known that could stand for it";
      return scored;
    }
    // A text that begins with it gets no second one.
    if (whole.empty() || whole.front() != *prefix)
      scored.tokens.insert(scored.tokens.begin(), *prefix);
    scored.first = 1;
  }
  if (scored.tokens.size() <= scored.first) {
    scored.error = "the continuation has no token of its own";
    return scored;
  }
  if (scored.tokens.size() - scored.first + 1 > most) {
    scored.error = fmt::format("the continuation has {} tokens, and a prompt at most {}",
                               scored.tokens.size() - scored.first, most);
    return scored;
  }
  if (scored.tokens.size() > most) {
    const std::size_t cut = scored.tokens.size() - most;
    scored.tokens.erase(scored.tokens.begin(),
                        scored.tokens.begin() + static_cast<std::ptrdiff_t>(cut));
    scored.first -= cut;
    scored.truncated = true;
  }
  return scored;
}

std::vector<ScoredTokens> rolling_windows(std::span<const TokenId> text, TokenId prefix,
                                          std::size_t most) {
  std::vector<ScoredTokens> windows;
  const std::size_t step = std::max<std::size_t>(1, most - 1);  // scored in a full window
  for (std::size_t begin = 0; begin < text.size(); begin += step) {
    const std::size_t end = std::min(begin + step, text.size());
    ScoredTokens window;
    if (begin == 0) {
      window.tokens.push_back(prefix);
      window.tokens.insert(window.tokens.end(), text.begin(),
                           text.begin() + static_cast<std::ptrdiff_t>(end));
    } else {
      const std::size_t from = end - step - 1;
      window.tokens.assign(text.begin() + static_cast<std::ptrdiff_t>(from),
                           text.begin() + static_cast<std::ptrdiff_t>(end));
      window.first = begin - from;
    }
    windows.push_back(std::move(window));
  }
  return windows;
}

}  // namespace mlopsctl
