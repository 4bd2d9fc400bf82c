// How a task's answers are generated.
#include "mlopsctl/base/text.hpp"

#include "eval/task_keys.hpp"
#include "eval/task_reader.hpp"

#include <fmt/format.h>

namespace mlopsctl::eval {

namespace {

class GenerationReader : TaskKeys {
 public:
  GenerationReader(const TaskFile& file, const std::string& until) : TaskKeys(file) {
    out_.until = {until};
  }

  GenerationPlan read() {
    GenerationPlan& plan = out_;
    plan.repeats = static_cast<std::uint32_t>(whole("repeats", 1, 1000));
    const YamlValue* map = file_.find("generation_kwargs");
    if (map == nullptr) return plan;
    if (!map->is_map()) file_.refuse("generation_kwargs", map, "is no map");
    std::optional<bool> samples;
    for (const YamlEntry& entry : map->entries) generation_key(entry, samples);
    if (samples == false) plan.temperature = 0;
    return plan;
  }

 private:
  void generation_key(const YamlEntry& entry, std::optional<bool>& samples) {
    GenerationPlan& plan = out_;
    const std::string key = "generation_kwargs." + entry.key;
    const YamlValue& value = entry.value;
    if (value.is_null()) return;
    if (entry.key == "until") {
      plan.until = text_list(value, key);
    } else if (entry.key == "max_gen_toks" || entry.key == "max_new_tokens" ||
               entry.key == "max_tokens" || entry.key == "max_completion_tokens") {
      plan.max_tokens = static_cast<std::uint32_t>(whole_in(value, key, 1, 1'000'000));
    } else if (entry.key == "do_sample") {
      if (value.kind != YamlKind::boolean) file_.refuse(key, &value, "is neither true nor false");
      samples = value.boolean;
    } else if (entry.key == "temperature" || entry.key == "top_p") {
      const double number = value.is_number() ? value.number() : -1;
      const bool fine =
          entry.key == "top_p" ? number > 0 && number <= 1 : number >= 0 && number <= 100;
      if (!fine) file_.refuse(key, &value, "is no number that makes sense");
      (entry.key == "top_p" ? plan.top_p : plan.temperature) = number;
    } else {
      file_.refuse(key, &value, "is not supported",
                   "keys are until, max_gen_toks, do_sample, temperature, top_p");
    }
  }

  GenerationPlan out_;
};

}  // namespace

GenerationPlan read_generation(const TaskFile& file, const std::string& until) {
  return GenerationReader(file, until).read();
}

}  // namespace mlopsctl::eval
