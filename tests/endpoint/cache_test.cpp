// Answers that need not be asked for again, and those that must.
#include "mlopsctl/eval/answer_cache.hpp"
#include "mlopsctl/platform/sqlite.hpp"

#include "support/counting_target.hpp"
#include "support/expect_error.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using Strings = std::vector<std::string>;

namespace {

struct Setup {
  TemporaryFolder folder;
  NoProgress progress;
  std::shared_ptr<CountingState> state = std::make_shared<CountingState>();
  std::filesystem::path file = folder / "sub/answers.db";

  std::shared_ptr<AnswerCache> open(std::uint64_t limit = 1U << 30U) {
    return std::make_shared<AnswerCache>(AnswerCacheOptions{.file = file, .file_limit = limit},
                                         progress);
  }
  std::unique_ptr<Target> target(std::shared_ptr<AnswerCache> cache) const {
    return with_cache(std::make_unique<CountingTarget>(state), std::move(cache));
  }
  std::vector<GenerationResult> generate(Target& through, const Strings& prompts) {
    std::vector<GenerationRequest> requests;
    for (const auto& prompt : prompts) requests.push_back({.prompt = prompt});
    return through.generate(requests, progress);
  }
  // What a new process asks the target for.
  Strings asked_for(const Strings& prompts) {
    state->asked.clear();
    generate(*target(open()), prompts);
    return state->asked;
  }
};

}  // namespace

TEST_CASE("what was answered once is not asked again, in this process and the next") {
  Setup setup;
  const auto cache = setup.open();
  const auto target = setup.target(cache);
  const auto first = setup.generate(*target, {"a", "b", "a"});
  CHECK(setup.state->asked == Strings{"a", "b"});  // two equal requests in flight are one
  CHECK(first[0].text == "to a0");
  CHECK(first[2].text == "to a0");
  CHECK(cache->counts().merged == 1);
  const auto again = setup.generate(*target, {"b", "c"});
  CHECK(setup.state->asked == Strings{"a", "b", "c"});
  CHECK(again[0].text == "to b0");
  CHECK(again[0].finish_reason == "stop");
  CHECK(again[0].prompt_tokens == 1);
  CHECK(again[0].completion_tokens == 2);
  CHECK(setup.asked_for({"a", "b", "c", "d"}) == Strings{"d"});
}

TEST_CASE("every kind of answer comes back as it was, infinities too") {
  Setup setup;
  const std::vector<LikelihoodRequest> pairs{{"abc", "yes"}, {"long", "no"}};
  const Strings texts{"text"};
  for (int round = 0; round < 2; ++round) {
    const auto target = setup.target(setup.open());
    const auto scores = target->likelihood(pairs, setup.progress);
    CHECK(scores[0].sum == -0.1 * 3);
    CHECK(scores[0].greedy);
    CHECK(scores[0].tokens == 3);
    CHECK(scores[1].truncated);
    const auto rolled = target->rolling(texts, setup.progress);
    CHECK(rolled[0].sum == -std::numeric_limits<double>::infinity());
    CHECK(rolled[0].tokens == 4);
  }
  CHECK(setup.state->asked.size() == 3);
}

TEST_CASE("another model, parameter, seed or border between texts is another answer") {
  Setup setup;
  const auto cache = setup.open();
  const auto target = setup.target(cache);
  const auto ask = [&](GenerationRequest request) {
    const std::vector<GenerationRequest> one{std::move(request)};
    target->generate(one, setup.progress);
  };
  const auto score = [&](const std::string& context, const std::string& continuation) {
    const std::vector<LikelihoodRequest> one{{context, continuation}};
    target->likelihood(one, setup.progress);
  };
  ask({.prompt = "a"});
  setup.state->fingerprint["model"] = "other";
  ask({.prompt = "a"});
  ask({.prompt = "a", .seed = 1});
  ask({.prompt = "a", .max_tokens = 1});
  ask({.prompt = "a", .temperature = 0.5});
  ask({.prompt = "a", .top_p = 0.5});
  ask({.prompt = "a", .stop = {"x", "y"}});
  ask({.prompt = "a", .stop = {"xy"}});
  ask({.messages = {{"user", "a"}}});
  ask({.messages = {{"system", "a"}}});
  score("ab", "c");
  score("a", "bc");
  CHECK(setup.state->asked.size() == 12);
}

TEST_CASE("another version of this program asks again") {
  Setup setup;
  const auto ask = [&](const char* program) {
    const auto target =
        with_cache(std::make_unique<CountingTarget>(setup.state), setup.open(), program);
    setup.generate(*target, {"a"});
  };
  ask("1.0 abc");
  ask("1.0 abc");
  CHECK(setup.state->asked.size() == 1);
  ask("1.1 def");
  CHECK(setup.state->asked.size() == 2);
}

TEST_CASE("errors are not kept") {
  Setup setup;
  const std::vector<LikelihoodRequest> pairs{{"bad", "x"}, {"good", "x"}};
  for (int round = 0; round < 2; ++round) {
    const auto results = setup.target(setup.open())->likelihood(pairs, setup.progress);
    CHECK(results[0].error == "no");
    CHECK(results[1].error.empty());
  }
  CHECK(setup.state->asked == Strings{"bad|x", "good|x", "bad|x"});
}

TEST_CASE("what came before a crash is there after it") {
  Setup setup;
  setup.state->dies_after = 3;
  CHECK_ERROR(setup.asked_for({"a", "b", "c", "d", "e"}), ErrorKind::unavailable, "is gone");
  setup.state->dies_after = 100;
  CHECK(setup.asked_for({"a", "b", "c", "d", "e"}) == Strings{"d", "e"});
}

TEST_CASE("an answer that was damaged is asked for again") {
  Setup setup;
  setup.asked_for({"a", "b"});
  {
    Database database(setup.file, Database::Mode::read_write);
    database.run("UPDATE answers SET value = '{\"text\": 1}'");
  }
  CHECK(setup.asked_for({"a", "b"}) == Strings{"a", "b"});
}

TEST_CASE("several processes use one file") {
  Setup setup;
  const auto one = setup.target(setup.open());
  const auto other = setup.target(setup.open());
  setup.generate(*one, {"a"});
  setup.generate(*other, {"a", "b"});
  setup.generate(*one, {"b"});
  CHECK(setup.state->asked == Strings{"a", "b"});
}

TEST_CASE("a file keeps to its limit, the longest unused answers go first") {
  Setup setup;
  const std::string big(1000, 'x');
  const auto cache = setup.open(20'000);
  const auto target = setup.target(cache);
  for (int i = 0; i < 100; ++i) setup.generate(*target, {big + std::to_string(i)});
  const AnswerFileStatus status = answer_file_status(setup.file);
  CHECK(status.bytes <= 20'000);
  CHECK(status.answers > 0);
  CHECK(status.targets.at(0).target == "counting");
  CHECK(setup.asked_for({big + "99", big + "0"}) == Strings{big + "0"});
}

TEST_CASE("memory keeps to its limit without a file") {
  Setup setup;
  const auto cache =
      std::make_shared<AnswerCache>(AnswerCacheOptions{.memory_limit = 3'000}, setup.progress);
  const auto target = setup.target(cache);
  const std::string big(500, 'x');
  setup.generate(*target, {big + "a", big + "b", big + "c", big + "d"});
  setup.generate(*target, {big + "d"});
  CHECK(setup.state->asked.size() == 4);
  CHECK(cache->counts().memory == 1);
  setup.generate(*target, {big + "a"});
  CHECK(setup.state->asked.size() == 5);
}

TEST_CASE("answers are cleared: all, of one target, or those unused for a time") {
  Setup setup;
  setup.asked_for({"a", "b"});
  CHECK(clear_answers(setup.file, Timestamp{now().ms - 60'000}, std::nullopt) == 0);
  CHECK(clear_answers(setup.file, std::nullopt, "other") == 0);
  CHECK(clear_answers(setup.file, std::nullopt, "counting", true) == 2);  // counted only
  CHECK(clear_answers(setup.file, Timestamp{now().ms + 60'000}, "counting") == 2);
  CHECK(answer_file_status(setup.file).answers == 0);
  CHECK(setup.asked_for({"a"}) == Strings{"a"});
  CHECK_ERROR(answer_file_status(setup.folder / "absent.db"), ErrorKind::not_found, "absent.db");
}

TEST_CASE("files of others are left alone") {
  Setup setup;
  std::filesystem::create_directories(setup.file.parent_path());
  std::ofstream(setup.file) << std::string(4096, 'x');
  CHECK_ERROR(setup.open(), ErrorKind::corrupt, "answers.db");
  std::filesystem::remove(setup.file);
  Database(setup.file, Database::Mode::create).execute_script("CREATE TABLE t (x)");
  CHECK_ERROR(setup.open(), ErrorKind::corrupt, "no cache of answers");
}
