#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/local_target.hpp"
#include "mlopsctl/eval/model_latency.hpp"

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

struct Opened {
  Tokenizer tokenizer;
  std::unique_ptr<Engine> engine;
  Fingerprint fingerprint;
};

Opened open(const LocalOptions& options) {
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
  return {std::move(tokenizer), std::move(engine), std::move(print)};
}

}  // namespace

std::unique_ptr<Target> open_local(const LocalOptions& options) {
  Opened parts = open(options);
  return make_local_target(std::move(parts.tokenizer), std::move(parts.engine), options,
                           std::move(parts.fingerprint));
}

LatencyRun measure_model(const LocalOptions& options, const LoadPlan& plan, Progress& progress) {
  check_load(plan);
  const Opened parts = open(options);
  LatencyRun run = measure_engine(*parts.engine, parts.tokenizer, plan, progress);
  run.fingerprint = parts.fingerprint;
  run.fingerprint.merge(machine_fingerprint());
  return run;
}

}  // namespace mlopsctl
