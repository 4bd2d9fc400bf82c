// Releases: kept in the cluster, by compare-and-swap, and the one to go back to.
#include "mlopsctl/deploy/release.hpp"

#include "deploy_cluster/cluster_world.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

Release release(const std::string& id, ReleaseOutcome outcome, const std::string& hash = {}) {
  Release made;
  made.id = id;
  made.outcome = outcome;
  made.template_hash = hash.empty() ? id : hash;
  return made;
}

std::vector<std::string> ids(const std::vector<Release>& releases) {
  std::vector<std::string> result;
  for (const auto& one : releases) result.push_back(one.id);
  return result;
}

constexpr auto good = ReleaseOutcome::succeeded;
constexpr auto bad = ReleaseOutcome::rolled_back;

}  // namespace

TEST_CASE("releases are numbered in the order in which they were begun") {
  ClusterWorld world;
  ReleaseHistory history(world.cluster, "chat");
  CHECK(history.read().empty());
  CHECK(history.write(release("a", ReleaseOutcome::running)) == 1);
  CHECK(history.write(release("b", ReleaseOutcome::running)) == 2);
  CHECK(history.write(release("a", good)) == 1);
  const auto read = history.read();
  CHECK(ids(read) == std::vector<std::string>{"a", "b"});
  CHECK(read[0].outcome == good);
}

TEST_CASE("the oldest releases go, but never those that a rollback needs") {
  ClusterWorld world;
  ReleaseHistory history(world.cluster, "chat");
  history.write(release("good1", good));
  history.write(release("good2", good));
  history.write(release("good2-again", good, "good2"));
  for (int i = 0; i < 5; ++i) history.write(release("bad" + std::to_string(i), bad), 4);
  CHECK(ids(history.read()) == std::vector<std::string>{"good1", "good2-again", "bad3", "bad4"});
}

TEST_CASE("a history that would not fit into a ConfigMap loses its oldest releases") {
  ClusterWorld world;
  ReleaseHistory history(world.cluster, "chat");
  for (int i = 0; i < 12; ++i) {
    Release large = release("r" + std::to_string(i), i < 2 ? good : bad);
    large.pod_template_text.assign(150'000, 'x');
    history.write(large);
  }
  const Json data = world.object("configmap", "mlopsctl-history-chat")["data"];
  CHECK(data["releases.json"].get<std::string>().size() < 1'048'576);
  CHECK(ids(history.read()) == std::vector<std::string>{"r0", "r1", "r8", "r9", "r10", "r11"});
  Release huge = release("huge", good);
  huge.pod_template_text.assign(1'100'000, 'x');
  CHECK_ERROR(history.write(huge), ErrorKind::config, "do not fit");
}

TEST_CASE("a write that somebody else came before is made anew, and nothing of theirs is lost") {
  ClusterWorld world;
  ReleaseHistory history(world.cluster, "chat");
  SUBCASE("both created it") {}
  SUBCASE("both changed it") { history.write(release("old", good)); }
  world.before_change = [&] {
    ReleaseHistory(world.others, "chat").write(release("theirs", good));
  };
  history.write(release("ours", good));
  const auto read = ids(history.read());
  CHECK(std::ranges::find(read, "theirs") != read.end());
  CHECK(std::ranges::find(read, "ours") != read.end());
}

TEST_CASE("a write whose answer got lost is not made twice") {
  ClusterWorld world;
  ReleaseHistory history(world.cluster, "chat");
  history.write(release("a", good));
  world.lose_next(Fault::lost_answer);
  const auto changes = world.cluster.changes();
  CHECK(history.write(release("b", good)) == 2);
  CHECK(world.cluster.changes() - changes == 1);
}

TEST_CASE("a history that somebody broke is told as such and not overwritten") {
  ClusterWorld world;
  ReleaseHistory history(world.cluster, "chat");
  history.write(release("a", good));
  world.edit("configmap", "mlopsctl-history-chat", {{"data", {{"releases.json", "[{\"id\":1}]"}}}});
  CHECK_ERROR(history.read(), ErrorKind::corrupt, "id");
  CHECK_ERROR(history.write(release("b", good)), ErrorKind::corrupt, "id");
}

TEST_CASE("the last good release is the last that succeeded with other pods") {
  const std::vector<Release> history{release("1", good), release("2", good), release("3", bad),
                                     release("4", bad), release("5", ReleaseOutcome::failed)};
  CHECK(last_good(history, "2")->id == "1");
  CHECK(last_good(history, "unknown")->id == "2");
  CHECK_FALSE(last_good(history, "1"));
  CHECK_FALSE(last_good({}, "1"));
}

TEST_CASE("going back twice goes back further, not to the version that was given up") {
  std::vector<Release> history{release("1", good, "A"), release("2", good, "B"),
                               release("3", good, "C"), release("4", good, "B")};
  history[3].restored_from = "2";
  CHECK(last_good(history, "B")->template_hash == "A");
}
