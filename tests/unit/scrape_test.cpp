#include "tracking/scrape.hpp"

#include "mlopsctl/base/error.hpp"

#include "support/expect_error.hpp"
#include "tracking/scrape_text.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

namespace mlopsctl {
using scrape::Value;

namespace {

using Point3 = std::tuple<std::string, std::int64_t, double>;  // key, step, value

struct Scraped {
  Scraper scraper;
  std::vector<Point3> points;
  Scraper::Sink sink = [this](int, const std::string& key, std::int64_t step, double value) {
    points.emplace_back(key, step, value);
  };

  explicit Scraped(ScrapeOptions options = {}) : scraper(options) {}
  Scraped& out(std::string_view text) { return scraper.feed(1, text, sink), *this; }
  Scraped& err(std::string_view text) { return scraper.feed(2, text, sink), *this; }
  std::vector<Point3> end() { return scraper.finish(sink), points; }
};

std::vector<Value> pairs(std::string_view line) { return scrape::pair_values(line); }

}  // namespace

TEST_CASE("Trainer's dict lines are read, with numbers plain, as text, wrapped, nan and infinite") {
  CHECK(scrape::dict_values(
            "{'loss': 0.52, 'grad_norm': 1.1, 'learning_rate': 5e-05, 'epoch': 0.1}") ==
        std::vector<Value>{
            {"loss", 0.52}, {"grad_norm", 1.1}, {"learning_rate", 5e-05}, {"epoch", 0.1}});
  CHECK(scrape::dict_values("{'loss': '0.52', 'epoch': '1'}") ==
        std::vector<Value>{{"loss", 0.52}, {"epoch", 1}});
  CHECK(scrape::dict_values(
            "INFO {\"acc\": np.float64(0.5), 'l': tensor(0.25, device='cuda:0'), 'f': True}") ==
        std::vector<Value>{{"acc", 0.5}, {"l", 0.25}, {"f", 1}});
  CHECK(scrape::dict_values(
            "{'eval': {'f1': 1, 'name': 'x'}, 'list': [1, {'a': 2}], 'none': None}") ==
        std::vector<Value>{{"eval/f1", 1}});
  const auto odd = scrape::dict_values("{'a': nan, 'b': -inf, 'c': Infinity}");
  REQUIRE(odd.size() == 3);
  CHECK(std::isnan(odd[0].number));
  CHECK(odd[1].number == -std::numeric_limits<double>::infinity());
  CHECK(odd[2].number == std::numeric_limits<double>::infinity());
}

TEST_CASE("a dict that is not whole is not read") {
  for (const char* line :
       {"{'loss': 0.5", "{'loss': 0.5, ", "{loss: 0.5}", "{'loss' 0.5}", "{'a': {'b': 1}", "{",
        "{}", "{'a': }", "{{{{{{{{{{{{{{{{{{", "{'a': 'unterminated}", "{'a': f(1}"})
    CHECK_MESSAGE(scrape::dict_values(line).empty(), line);
}

TEST_CASE("pairs of an ordinary log line are read") {
  CHECK(pairs("step=100 loss=0.5 lr=1e-4, acc: 81.2% time: 12.5ms") ==
        std::vector<Value>{
            {"step", 100}, {"loss", 0.5}, {"lr", 1e-4}, {"acc", 81.2}, {"time", 12.5}});
  CHECK(pairs("2026-11-23 12:30:45,123 - INFO - train/loss: 0.5 (best_loss=0.25)") ==
        std::vector<Value>{{"train/loss", 0.5}, {"best_loss", 0.25}});
  CHECK(pairs("INFO:root:val.acc = 0.75.") == std::vector<Value>{{"val.acc", 0.75}});
  CHECK(pairs("100/100 ━━━━ 5s 50ms/step - accuracy: 0.9142 - loss: 0.2815") ==
        std::vector<Value>{{"accuracy", 0.9142}, {"loss", 0.2815}});
  CHECK(pairs("step: 100/1000 loss:0.5") == std::vector<Value>{{"step", 100}, {"loss", 0.5}});
}

TEST_CASE("what looks like a number but is something else is left alone") {
  for (const char* line : {"version=1.2.3",
                           "ETA: 0:12:33",
                           "date=2026-11-23",
                           "addr=0x1f",
                           "host localhost:8080",
                           "File \"a.py\":12",
                           "http://127.0.0.1:80/x",
                           "size=3GB",
                           "path=/a/b1",
                           "loss=",
                           "loss=abc",
                           "Note: 3 files were found",
                           "a==1",
                           "torch-2.1.0",
                           "v_num=3",
                           "x = 5th",
                           "port=8080",
                           "1e5",
                           "rank=-",
                           "time=12:30"})
    CHECK_MESSAGE(pairs(line).empty(), line);
}

TEST_CASE("numbers too large or too small for a double become infinite or zero") {
  CHECK(pairs("a=1e999 b=-1e999 c=1e-999") ==
        std::vector<Value>{{"a", std::numeric_limits<double>::infinity()},
                           {"b", -std::numeric_limits<double>::infinity()},
                           {"c", 0}});
}

TEST_CASE("a step in the line counts, else the number of the line times the distance") {
  CHECK(Scraped{}.out("global_step=7 loss=1\n").end() == std::vector<Point3>{{"loss", 7, 1}});
  CHECK(
      Scraped{{.enabled = true, .pattern = {}, .every = 50}}.out("loss=1\nloss=2\nacc=3\n").end() ==
      std::vector<Point3>{{"loss", 50, 1}, {"loss", 100, 2}, {"acc", 50, 3}});
}

TEST_CASE(
    "evaluation and summary lines without a step belong to the step that training has reached") {
  const ScrapeOptions every10{.enabled = true, .pattern = {}, .every = 10};
  CHECK(Scraped{every10}
            .out("{'loss': 3}\n{'loss': 2}\n{'eval_loss': 5}\n{'train_runtime': 9}\n")
            .end() ==
        std::vector<Point3>{
            {"loss", 10, 3}, {"loss", 20, 2}, {"eval_loss", 20, 5}, {"train_runtime", 20, 9}});
}

TEST_CASE("Trainer's lines get the position at which tqdm draws its bar again behind them") {
  // Bytes as tqdm 4.67 writes them: the bar lags behind, is cleared, and is drawn again.
  Scraped scraped;
  scraped.err("\r  0%|          | 0/30 [00:00<?, ?it/s]");
  scraped.err("\r 27%|##6       | 8/30 [00:00<00:00, 33.07it/s]");
  scraped.out("{'loss': 2.5}\n");
  scraped.err(
      "\r                                              \r\r 33%|###3      | 10/30 [00:00<00:00, "
      "33.07it/s]");
  scraped.err("\r 53%|#####3    | 16/30 [00:00<00:00, 33.07it/s]");
  scraped.out("{'loss': 1.5}\n{'eval_loss': 1.75}\n");  // two lines before stderr is read
  scraped.err("\r                        \r\r 67%|######6   | 20/30 [00:00<00:00, 33.07it/s]");
  scraped.err(
      "\r  0%|          | 0/5 [00:00<?, ?it/s]\r              \r\n\r         \r\x1b[A"
      "\r 67%|######6   | 20/30 [00:00<00:00, 33.07it/s]\n");
  CHECK(scraped.end() ==
        std::vector<Point3>{{"loss", 10, 2.5}, {"loss", 20, 1.5}, {"eval_loss", 20, 1.75}});
}

TEST_CASE("a line that no bar is drawn behind gets the position of the bar after a while") {
  Scraped scraped;
  scraped.err(
      "\r 10%|#         | 3/30 [00:00<00:00, 33.07it/s]\r 13%|#         | 4/30 [00:00<00:00, "
      "33.07it/s]\r");
  scraped.out("loss=1\n");
  scraped.scraper.settle(scraped.sink);
  CHECK(scraped.points.empty());
  scraped.scraper.settle(scraped.sink);
  CHECK(scraped.points == std::vector<Point3>{{"loss", 4, 1}});
}

TEST_CASE("bars of downloads and data preparation are not the training") {
  Scraped scraped;
  scraped.err(
      "\rMap: 100%|####| 1000/1000 [00:01<00:00, 99.1 examples/s]\n"
      "\rLoading checkpoint shards:  50%|##  | 1/2 [00:01<00:01, 1.0it/s]\r");
  scraped.out("loss=1\n");
  CHECK(scraped.end() == std::vector<Point3>{{"loss", 1, 1}});
}

TEST_CASE("numbers at the end of a bar are taken once for each position, over epochs") {
  Scraped scraped;
  scraped.err(
      "\rEpoch 1:  50%|##  | 1/2 [00:01<00:01, 1.0it/s, loss=4]"
      "\rEpoch 1:  50%|##  | 1/2 [00:01<00:01, 1.0it/s, loss=4]"
      "\rEpoch 1: 100%|####| 2/2 [00:02<00:00, 1.0it/s, loss=3]\n"
      "\rEpoch 2:   0%|    | 0/2 [00:00<?, ?it/s]"
      "\rEpoch 2:  50%|##  | 1/2 [00:01<00:01, 1.0it/s, loss=2]\n");
  CHECK(scraped.end() == std::vector<Point3>{{"loss", 1, 4}, {"loss", 2, 3}, {"loss", 3, 2}});
}

TEST_CASE("colours are seen through, carriage returns separate, and any cut of the bytes will do") {
  const std::string text = "\x1b[1;32mloss\x1b[0m=\x1b[33m0.5\x1b[0m\racc=0.25\r\n{'f1': 1}";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Scraped scraped;
    scraped.out(text.substr(0, cut)).out(text.substr(cut));
    CHECK(scraped.end() == std::vector<Point3>{{"loss", 1, 0.5}, {"acc", 1, 0.25}, {"f1", 1, 1}});
  }
}

TEST_CASE("a line beyond all measure is skipped without being kept") {
  Scraped scraped;
  for (int i = 0; i < 100; ++i) scraped.out(std::string(10'000, 'x') + " a=1 ");
  scraped.out("\nloss=1\n");
  CHECK(scraped.end() == std::vector<Point3>{{"loss", 1, 1}});
}

TEST_CASE("a pattern names metrics by its groups, or by key and value, and may hold the step") {
  Scraped named{
      {.enabled = true, .pattern = R"(iter (?<step>\d+): loss (?<loss>\S+), mfu (?<mfu>[\d.]+)%)"}};
  CHECK(named.out("iter 100: loss 2.3451, mfu 12.5%\nother=1\n").end() ==
        std::vector<Point3>{{"loss", 100, 2.3451}, {"mfu", 100, 12.5}});
  Scraped keyed{{.enabled = true, .pattern = R"((?<key>[a-z0-9/]+) is (?<value>\S+))"}};
  CHECK(keyed.out("val/f1 is 0.5 and acc is nan\n").end().size() == 2);
  CHECK(std::get<0>(keyed.points[0]) == "val/f1");
}

TEST_CASE("a bad pattern is refused and says where") {
  CHECK_ERROR(Scraped({.enabled = true, .pattern = "loss=(?<loss>\\S+"}), ErrorKind::usage,
              "character");
  CHECK_ERROR(Scraped({.enabled = true, .pattern = "loss=(\\S+)"}), ErrorKind::usage,
              "named groups");
}

TEST_CASE("a pattern that explodes gives up on the line instead of hanging") {
  Scraped scraped{{.enabled = true, .pattern = "^(?<x>(a+)+)$"}};
  scraped.out(std::string(5000, 'a') + "!\n");
  CHECK(scraped.end().empty());
  CHECK(scraped.scraper.given_up() == 1);
}

TEST_CASE("going on from what was consumed reads every point exactly once") {
  const std::string text = "loss=1\nnothing here\nloss=2\r\nloss=3\nlo";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Scraped first;
    first.out(text.substr(0, cut));
    const auto consumed = static_cast<std::size_t>(first.scraper.consumed(1));
    REQUIRE(consumed <= cut);
    Scraped second;
    if (!first.points.empty())
      second.scraper.continue_series("loss", std::get<1>(first.points.back()), 1);
    second.out(text.substr(consumed));
    auto all = first.points;
    for (const auto& point : second.end()) all.push_back(point);
    CHECK(all == std::vector<Point3>{{"loss", 1, 1}, {"loss", 2, 2}, {"loss", 3, 3}});
  }
}

TEST_CASE("a primed scraper knows where the bar stands") {
  Scraped scraped;
  const std::string before = "\r 10%|#   | 3/30 [00:00<00:00, 1.0it/s]\r";
  scraped.scraper.prime(2, before);
  scraped.out("loss=1\n");
  CHECK(scraped.end() == std::vector<Point3>{{"loss", 3, 1}});
  CHECK(scraped.scraper.consumed(2) == before.size());
}

}  // namespace mlopsctl
