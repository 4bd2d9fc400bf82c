#include "mlopsctl/cli/dispatch.hpp"
#include "mlopsctl/commands.hpp"
#include "mlopsctl/context.hpp"

#include <memory>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  using mlopsctl::Context, mlopsctl::Globals, mlopsctl::Registry;
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return mlopsctl::dispatch(arguments, mlopsctl::registry(),
                            [](const Globals& globals, const Registry& registry) {
                              return std::make_unique<Context>(globals, registry);
                            });
}
