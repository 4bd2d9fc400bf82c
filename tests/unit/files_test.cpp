#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

using namespace mlopsctl;
using mlopsctl::testing::TemporaryFolder;

namespace {

std::size_t entries_of(const fs::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

TEST_CASE("what is written to a file is read back, and no temporary file stays") {
  const TemporaryFolder folder;
  const fs::path file = folder / "new/sub/a.bin";
  const std::string bytes("\0\xff\n text", 8);
  write_file_atomically(file, bytes);
  CHECK(read_file(file) == bytes);
  write_file_atomically(file, "");
  CHECK(read_file(file).empty());
  CHECK(entries_of(file.parent_path()) == 1);
}

TEST_CASE("a file that is written over keeps its old bytes if the write fails") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "target");  // a folder cannot be replaced by a file
  CHECK_ERROR(write_file_atomically(folder / "target", "x"), ErrorKind::io, "target");
  CHECK(fs::is_directory(folder / "target"));
  CHECK(entries_of(folder.path()) == 1);
}

TEST_CASE("a file gets the permissions that were asked for") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "secret", "x", 0600);
  struct stat info {};
  REQUIRE(::stat((folder / "secret").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("reading a missing file or a folder names it") {
  const TemporaryFolder folder;
  CHECK_ERROR(read_file(folder / "absent"), ErrorKind::not_found, "absent");
  CHECK_ERROR(read_file(folder.path()), ErrorKind::io, "directory");
}

TEST_CASE("a copy has the digest that sha256sum prints") {
  const TemporaryFolder folder;
  std::ofstream(folder / "a") << "abc";
  const StoredFile copied = copy_file_atomically(folder / "a", folder / "b");
  CHECK(copied.size == 3);
  CHECK(copied.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(read_file(folder / "b") == "abc");
  std::ofstream(folder / "empty");
  CHECK(digest_file(folder / "empty").sha256 ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a file larger than the copy's buffer arrives whole") {
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 7 % 251);
  write_file_atomically(folder / "a", bytes);
  const StoredFile copied = copy_file_atomically(folder / "a", folder / "b");
  CHECK(copied.size == bytes.size());
  CHECK(read_file(folder / "b") == bytes);
  CHECK(digest_file(folder / "b").sha256 == copied.sha256);
}

TEST_CASE("a copy keeps the executable bit") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "tool", "#!/bin/sh\n", 0755);
  copy_file_atomically(folder / "tool", folder / "copy");
  CHECK(::access((folder / "copy").c_str(), X_OK) == 0);
}

TEST_CASE("the source of a copy may be a pipe") {
  const TemporaryFolder folder;
  const fs::path pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::thread writer([&] { std::ofstream(pipe) << std::string(100'000, 'z'); });
  const StoredFile copied = copy_file_atomically(pipe, folder / "copy");
  writer.join();
  CHECK(copied.size == 100'000);
}

TEST_CASE("a copy of a missing file leaves nothing behind") {
  const TemporaryFolder folder;
  CHECK_ERROR(copy_file_atomically(folder / "absent", folder / "b"), ErrorKind::not_found,
              "absent");
  CHECK(entries_of(folder.path()) == 0);
}

TEST_CASE("free space is that of the nearest folder that exists") {
  const TemporaryFolder folder;
  CHECK(free_space(folder / "not/there/yet") > 0);
}
