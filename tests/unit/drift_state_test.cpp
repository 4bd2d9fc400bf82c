#include "mlopsctl/drift/check_state.hpp"
#include "mlopsctl/platform/file_lock.hpp"
#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using namespace mlopsctl::drift;

TEST_CASE("a check's state survives its file and follows the verdicts") {
  const testing::TemporaryFolder folder;
  const auto file = folder / "check.state";
  CHECK(read_check_state(file, "churn").verdict.empty());
  DriftResult result;
  result.verdict = Verdict::drift;
  result.checked_at = {1000};
  result.window_to = Timestamp{500};
  write_check_state(file, after(read_check_state(file, "churn"), result));
  CheckState state = read_check_state(file, "churn");
  CHECK(state.verdict == "drift");
  CHECK(state.seen_until == Timestamp{500});
  CHECK(state.verdict_since == Timestamp{1000});
  CHECK_FALSE(state.passed_at);
  result.checked_at = {2000};
  result.window_to.reset();
  state = after(state, result);
  CHECK(state.seen_until == Timestamp{500});
  CHECK(state.verdict_since == Timestamp{1000});
  // Too few rows for an answer are seen again.
  result.window_to = Timestamp{900};
  result.verdict = Verdict::insufficient;
  CHECK(after(state, result).seen_until == Timestamp{500});
  CHECK(after(state, result).verdict == "insufficient data");
  result.verdict = Verdict::ok;
  CHECK(after(state, result).seen_until == Timestamp{900});
  CHECK_ERROR(read_check_state(file, "other"), ErrorKind::conflict, "churn");
  write_file_atomically(file, "{}");
  CHECK_ERROR(read_check_state(file, "churn"), ErrorKind::corrupt, "--state");
}

TEST_CASE("on change means when the verdict is another, and drift the first time") {
  const CheckState none, drifted{.verdict = "drift"}, fine{.verdict = "ok"};
  CHECK(should_notify(NotifyOn::change, none, Verdict::drift));
  CHECK_FALSE(should_notify(NotifyOn::change, none, Verdict::ok));
  CHECK_FALSE(should_notify(NotifyOn::change, drifted, Verdict::drift));
  CHECK(should_notify(NotifyOn::change, drifted, Verdict::ok));
  CHECK(should_notify(NotifyOn::change, fine, Verdict::insufficient));
  CHECK(should_notify(NotifyOn::drift, drifted, Verdict::drift));
  CHECK_FALSE(should_notify(NotifyOn::drift, drifted, Verdict::ok));
  CHECK(should_notify(NotifyOn::always, fine, Verdict::ok));
  CHECK_FALSE(should_notify(NotifyOn::never, fine, Verdict::drift));
  CHECK(parse_notify_on("change") == NotifyOn::change);
  CHECK_FALSE(parse_notify_on("sometimes"));
}

TEST_CASE("a lock is held by one at a time and is free again when its holder is gone") {
  const testing::TemporaryFolder folder;
  auto first = FileLock::try_lock(folder / "lock");
  REQUIRE(first);
  CHECK_FALSE(FileLock::try_lock(folder / "lock"));
  first.reset();
  CHECK(FileLock::try_lock(folder / "lock"));
  CHECK_ERROR(FileLock::try_lock(folder / "no" / "lock"), ErrorKind::io, "lock");
}
