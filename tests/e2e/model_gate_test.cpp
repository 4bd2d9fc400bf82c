// model-test, and checks that evaluate or measure a model themselves, on the small model and on
// damaged copies of it.
#include "support/locations.hpp"
#include "support/page_text.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

using namespace mlopsctl::testing;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

const std::string tasks = source_folder() + "/examples/chatbot/eval/word_order.yaml";

struct Models {
  Sandbox box;
  Models() {
    const fs::path model = source_folder() + "/examples/chatbot/model";
    for (const char* name : {"good", "damaged", "nan"}) {
      fs::create_directories(box.folder() / name);
      for (const char* file : {"config.json", "tokenizer.json", "tokenizer_config.json",
                               "generation_config.json", "model.safetensors"}) {
        fs::copy_file(model / file, box.folder() / name / file);
      }
    }
    std::uint32_t state = 1;
    overwrite("damaged", [&] {  // small numbers of any sign as float16: nothing learned is left
      state = state * 1664525 + 1013904223;
      return static_cast<std::uint16_t>(((state >> 16) & 0x83ff) | 0x2c00);
    });
    overwrite("nan", [] { return std::uint16_t{0x7e00}; });
  }
  // Half of all weights.
  template <class Value>
  void overwrite(const std::string& name, const Value& value) const {
    const std::string file = name + "/model.safetensors";
    std::string bytes = box.read(file);
    for (std::size_t at = bytes.size() / 2 / 2 * 2; at + 1 < bytes.size(); at += 2) {
      const std::uint16_t bits = value();
      bytes[at] = static_cast<char>(bits & 0xff);
      bytes[at + 1] = static_cast<char>(bits >> 8);
    }
    box.write(file, bytes);
  }
};

}  // namespace

TEST_CASE("model-test: 0 sound, 3 NaN or too slow, 4 too few runs, 2 usage, 1 no model") {
  const Models models;
  const auto test = [&](const std::string& model, Strings more = {}) {
    Strings argv{"model-test", model, "--device", "cpu"};
    argv.insert(argv.end(), more.begin(), more.end());
    return models.box.run(argv);
  };
  const Outcome sound = test("good", {"--json", "--latency", "100s", "--deterministic"});
  CHECK(sound.code == 0);
  const json report = json::parse(sound.out);
  CHECK(report["schema"] == "mlopsctl.model-test/1");
  CHECK(report["checks"].size() == 8);
  CHECK(test("good", {"-q"}).out.empty());
  const Outcome broken = test("nan", {"--junit", "j.xml"});
  CHECK(broken.code == 3);
  CHECK(broken.err.find("NaN or infinite") != std::string::npos);
  CHECK(contains(models.box.read("j.xml"), "<failure"));
  CHECK(test("good", {"--latency", "1us"}).code == 3);
  CHECK(test("good", {"--latency", "100s", "--runs", "3"}).code == 4);
  CHECK(test("good", {"--html", "/proc/page.html"}).code == 5);
  CHECK(test("good", {"--max-tokens", "0"}).code == 2);
  CHECK(test("good", {"--prompt", ""}).code == 2);
  CHECK(test("good", {"--latency", "soon"}).code == 2);
  CHECK(test("absent").code == 1);
}

TEST_CASE("a model is asked the baseline's tasks, and a damaged one fails") {
  const Models models;
  const Strings asked{"--tasks", tasks, "--limit", "60", "--device", "cpu"};
  Strings run{"eval", "run", "good", "-o", "good.json"};
  run.insert(run.end(), asked.begin(), asked.end());
  models.box.output_of(run);
  models.box.output_of({"baseline", "save", "order", "good.json"});
  const auto check = [&](const std::string& model, Strings more = {}) {
    Strings argv{"eval", "check", model, "--baseline", "order"};
    argv.insert(argv.end(), asked.begin(), asked.end());
    argv.insert(argv.end(), more.begin(), more.end());
    return models.box.run(argv);
  };
  CHECK(check("good").code == 0);
  const Outcome damaged = check("damaged");
  CHECK(damaged.code == 3);
  CHECK(damaged.err.find("below the baseline") != std::string::npos);
  CHECK(check("nan").code == 4);  // no example has an answer
  CHECK(models.box.run({"eval", "check", "good", "--baseline", "order"}).code == 2);
  CHECK(models.box.run({"eval", "check", "good", "--threshold", "0.5", "--tasks", "absent.yaml"})
            .code == 1);
  CHECK(models.box
            .run({"eval", "check", "good", "--threshold", "0.5", "--tasks", tasks, "--limit", "0"})
            .code == 2);
}

TEST_CASE("results of lm-evaluation-harness are compared like our own") {
  const Models models;
  models.box.output_of({"eval", "run", "good", "--tasks", tasks, "--limit", "30", "--samples", "-o",
                        "good.json", "--device", "cpu"});
  models.box.output_of({"eval", "export", "good.json", "--lm-eval", "harness"});
  std::string results;
  for (const auto& file : fs::recursive_directory_iterator(models.box.folder() / "harness")) {
    if (file.path().filename().string().starts_with("results_")) results = file.path().string();
  }
  REQUIRE_FALSE(results.empty());
  const Outcome same = models.box.run({"eval", "check", results, "--baseline", results, "--json"});
  CHECK(same.code == 0);
  CHECK(json::parse(same.out)["checks"][0]["n"] == 30);
  models.box.output_of({"baseline", "save", "harness", results});
  CHECK(models.box.run({"eval", "check", results, "--baseline", "harness"}).code == 0);
}

TEST_CASE("a model is measured against a baseline, and two models in turns") {
  const Models models;
  const std::string few = "--input-tokens 4 --output-tokens 2 --warmup 1 --device cpu";
  models.box.output_of({"bench", "run", "good", "--requests", "10", "--input-tokens", "4",
                        "--output-tokens", "2", "--device", "cpu", "-o", "bench.json"});
  models.box.output_of({"baseline", "save", "fast", "bench.json"});
  const Outcome measured =
      models.box.run({"bench", "check", "good", "--baseline", "fast", "--requests", "5",
                      "--threshold", "100", "--bench-options", "--device cpu", "--json"});
  CHECK(measured.code == 0);
  CHECK(json::parse(measured.out)["checks"][0]["n"] == 5);
  CHECK(models.box
            .run({"bench", "check", "--ab", "good", "good", "--requests", "1", "--pairs", "6",
                  "--threshold", "100", "--bench-options", few})
            .code == 0);
  CHECK(models.box.run({"bench", "check", "good", "--limit", "mean", "--bench-options", "--none"})
            .code == 1);
}
