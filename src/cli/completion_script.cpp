#include "mlopsctl/base/text.hpp"

#include "cli/completion.hpp"

#include <string_view>

namespace mlopsctl {

namespace assets {
extern const std::string_view completion_bash, completion_zsh, completion_fish;
}

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return std::string(assets::completion_bash);
  if (shell == "zsh") return std::string(assets::completion_zsh);
  if (shell == "fish") return std::string(assets::completion_fish);
  throw Error(ErrorKind::usage, "there is no completion for the shell " + quote(shell),
              "it is one of: bash, zsh, fish");
}

}  // namespace mlopsctl
