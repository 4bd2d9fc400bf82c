#define PCRE2_CODE_UNIT_WIDTH 8

#include "engine/name_pattern.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <pcre2.h>

#include <cstdint>

namespace mlopsctl::engine {

namespace {

struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

PCRE2_SPTR units(const std::string& text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

NamePattern::NamePattern(const std::string& expression) : expression_(expression) {
  int error = 0;
  PCRE2_SIZE place = 0;
  pcre2_code* code = pcre2_compile(units(expression), expression.size(),
                                   PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C,
                                   &error, &place, nullptr);
  if (code == nullptr)
    throw Error(ErrorKind::usage,
                fmt::format("adapter_config.json: {} is no regular expression", quote(expression)),
                "name the modules in a list instead");
  code_ = std::shared_ptr<const void>(code, [](const void* compiled) {
    pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(compiled)));
  });
}

bool NamePattern::matches(const std::string& name) const {
  constexpr std::uint32_t most_steps = 100'000;
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, FreeMatch> data(pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeMatch> context(
      pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), most_steps);
  pcre2_set_depth_limit(context.get(), most_steps);
  const int found = pcre2_match(code, units(name), name.size(), 0, 0, data.get(), context.get());
  if (found < 0 && found != PCRE2_ERROR_NOMATCH)
    throw Error(
        ErrorKind::usage,
        fmt::format("adapter_config.json: the expression {} takes too long", quote(expression_)),
        "name the modules in a list instead");
  return found >= 0;
}

}  // namespace mlopsctl::engine
