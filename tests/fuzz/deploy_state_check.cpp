#include "fuzz/deploy_state_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/deploy/session.hpp"

#include "deploy/cluster/kubectl_errors.hpp"
#include "deploy/cluster/release_json.hpp"
#include "fuzz/require.hpp"

#include <functional>
#include <string>

namespace mlopsctl::fuzz {

namespace {

// What is read and written is the same when it is read and written again.
void check_text(const std::string& text,
                const std::function<std::string(const std::string&)>& read_and_write) {
  std::string written;
  try {
    written = read_and_write(text);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt, error.what());
    require(is_valid_utf8(error.what()), "a message is not valid UTF-8");
    return;
  }
  require(read_and_write(written) == written, "it changed when it was written: " + written);
}

}  // namespace

void check_deploy_state(std::string_view bytes) {
  const std::string text{bytes};
  check_text(text, [](const std::string& state) { return state_json(parse_state(state)); });
  check_text(text, [](const std::string& history) {
    return deploy::history_text(deploy::parse_history(history));
  });
  const auto problem = deploy::kubectl_problem({}, bytes, false);
  require(!problem.text.empty() && is_valid_utf8(problem.text), "an error has no text");
}

}  // namespace mlopsctl::fuzz
