#include "fuzz/chat_template_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "fuzz/require.hpp"
#include "tokenizer/chat_template.hpp"

#include <array>
#include <string>

namespace mlopsctl::fuzz {

void check_chat_template(std::string_view source) {
  static const std::array<ChatMessage, 3> messages{{{"system", " Be brief.\n"},
                                                    {"user", "H\xC3\xA9 {{ x }}"},
                                                    {"assistant", "<think>no</think>yes"}}};
  tokens::SpecialTokens special;
  special.texts = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
  special.chat_template = std::string(source);
  try {
    const std::string prompt = tokens::render_chat(special, messages, true);
    require(is_valid_utf8(prompt), "a prompt is no UTF-8");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage, std::string("no usage error: ") + error.what());
    require(printable(error.what()) == error.what(), "a message has control characters");
  }
}

}  // namespace mlopsctl::fuzz
