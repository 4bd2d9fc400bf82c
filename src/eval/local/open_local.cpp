#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/local_target.hpp"

namespace mlopsctl {

namespace {

// "cuda, NVIDIA H200, bfloat16": which engine, on what, in which type.
void add_engine(Fingerprint& print, const std::string& name) {
  print["engine_name"] = name;
  const auto parts = split(name, ',');
  print["engine"] = std::string(trim(parts.front()));
  if (parts.size() < 3) return;
  print["device"] = std::string(trim(parts[1]));
  print["dtype"] = std::string(trim(parts.back()));
}

}  // namespace

std::unique_ptr<Target> open_local(const LocalOptions& options) {
  auto checkpoint = Checkpoint::open(options.model, options.adapter);
  Tokenizer tokenizer = Tokenizer::load(options.model);
  Fingerprint print{{"model", options.model.lexically_normal().string()},
                    {"model_sha256", checkpoint->fingerprint()},
                    {"parameters", std::to_string(checkpoint->parameters())},
                    {"tokenizer_sha256", tokenizer.fingerprint()},
                    {"deterministic", options.engine.deterministic ? "true" : "false"}};
  if (options.adapter) {
    print["adapter"] = options.adapter->lexically_normal().string();
    print["adapter_sha256"] = checkpoint->adapter_fingerprint();
  }
  auto engine = make_engine(std::move(checkpoint), options.engine);
  add_engine(print, engine->name());
  return make_local_target(std::move(tokenizer), std::move(engine), options, std::move(print));
}

}  // namespace mlopsctl
