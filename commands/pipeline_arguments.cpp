#include "commands/pipeline_arguments.hpp"

namespace mlopsctl::commands {

std::string pipeline_base(const data::Repository& repository, const Context& context) {
  return repository.relative(data_base(context), data_base(context));
}

PositionalSpec stages_positional(std::string help, std::size_t least) {
  return {.name = "STAGE",
          .help = std::move(help),
          .least = least,
          .many = true,
          .complete = Complete::stage};
}

}  // namespace mlopsctl::commands
