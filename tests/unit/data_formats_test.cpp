// .dvc files, .dir objects, configuration and ignore rules as DVC has them.
#include "mlopsctl/data/config.hpp"
#include "mlopsctl/data/dvc_file.hpp"
#include "mlopsctl/data/ignore.hpp"
#include "mlopsctl/data/tree.hpp"
#include "mlopsctl/data/workspace.hpp"
#include "mlopsctl/platform/md5.hpp"

#include "data/gitignore.hpp"
#include "data/hash.hpp"
#include "data/record_blob.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;        // NOLINT(google-build-using-namespace)
using namespace mlopsctl::data;  // NOLINT(google-build-using-namespace)

TEST_CASE("a directory object has exactly the bytes that DVC hashes") {
  CHECK(tree_text({}) == "[]");
  CHECK(tree_id("[]", HashKind::md5).hex == "d751713988987e9331980363e24189ce.dir");
  const std::string a(32, 'a');
  const Tree tree{
      {{"quo\"te\\", a}, {"sub-1", a}, {"sub.txt", a}, {"sub/z", a}, {"\xF0\x9F\x98\x80", a}}};
  const std::string text = tree_text(tree);
  CHECK(text == "[{\"md5\": \"" + a + "\", \"relpath\": \"quo\\\"te\\\\\"}, {\"md5\": \"" + a +
                    "\", \"relpath\": \"sub-1\"}, {\"md5\": \"" + a +
                    "\", \"relpath\": \"sub.txt\"}, {\"md5\": \"" + a +
                    "\", \"relpath\": \"sub/z\"}, {\"md5\": \"" + a +
                    "\", \"relpath\": \"\\ud83d\\ude00\"}]");
  CHECK(parse_tree(text).entries == tree.entries);
  CHECK(parse_tree(text).find("sub/z") != nullptr);
  CHECK(parse_tree(text).find("sub") == nullptr);
}

TEST_CASE("a damaged directory object is refused, above all one that leads outside") {
  const std::string a(32, 'a');
  const auto entry = [&](const std::string& path) {
    return "[{\"md5\": \"" + a + "\", \"relpath\": \"" + path + "\"}]";
  };
  CHECK(parse_tree(entry("x")).entries.size() == 1);
  for (const char* path : {"../x", "/etc/passwd", "a/../../x", "", "a//b", "./x", "a\\u0000b"}) {
    CAPTURE(path);
    CHECK_ERROR(parse_tree(entry(path)), ErrorKind::corrupt, "damaged");
  }
  for (const char* text : {"", "{}", "[[]]", "[1]", "[{}]",
                           "[{\"md5\": \"x\", \"relpath\": \"a\"}]", "[{\"md5\"", "null"}) {
    CAPTURE(text);
    CHECK_ERROR(parse_tree(text), ErrorKind::corrupt, "damaged");
  }
  CHECK_ERROR(tree_text({{{"\xff", a}}}), ErrorKind::conflict, "UTF-8");
}

TEST_CASE("pointer files are written in DVC's order and edited in place") {
  OutEntry out;
  out.path = "d";
  out.id = ObjectId{"b63054dd1ae222bc614a346882dd018e.dir", HashKind::md5};
  out.size = 22;
  out.nfiles = 13;
  const std::string text = new_dvc_text(out);
  CHECK(
      text ==
      "outs:\n- md5: b63054dd1ae222bc614a346882dd018e.dir\n  size: 22\n  nfiles: 13\n  hash: md5\n"
      "  path: d\n");
  out.id->hex = "12345678e01234567890123456789012";
  CHECK(new_dvc_text(out).find("md5: '12345678e01234567890123456789012'") != std::string::npos);
  CHECK(parse_dvc_file(new_dvc_text(out)).outs.front().id == out.id);
  // An entry of DVC 2 gets the new fields at its end.
  out.id->hex = "59b0d7772f0561efb95518f3cb8abc60";
  out.size = 6;
  out.nfiles.reset();
  out.path = "t.txt";
  CHECK(edited_dvc_text(
            "outs:\n- md5: dd8c6a395b5dd36c56d23275028f526c\n  size: 6\n  path: t.txt  # mine\n",
            out) ==
        "outs:\n- md5: 59b0d7772f0561efb95518f3cb8abc60\n  size: 6\n  path: t.txt  # mine\n"
        "  hash: md5\n");
  CHECK(edited_dvc_text(text, parse_dvc_file(text).outs.front()) == text);
}

TEST_CASE("pointer files that DVC would refuse are refused with the line") {
  CHECK_ERROR(parse_dvc_file("outs:\n- path: a\n  sise: 1\n"), ErrorKind::config, "line 3");
  CHECK_ERROR(parse_dvc_file("outs: a\n"), ErrorKind::config, "no list");
  CHECK_ERROR(parse_dvc_file("outs:\n- md5: xyz\n  path: a\n"), ErrorKind::config, "no MD5");
  CHECK_ERROR(parse_dvc_file("foo: 1\n"), ErrorKind::config, "'foo'");
  CHECK_ERROR(parse_dvc_file("outs: [\n"), ErrorKind::config, "line");
  CHECK(parse_dvc_file("").outs.empty());
}

TEST_CASE("configuration is read and written in ConfigObj's dialect") {
  const std::string text =
      "[core]\n    remote = myrem\n[cache]\n    type = \"reflink,copy\"\n['remote \"s3\"']\n"
      "    secret_access_key = 's#e=c,r\"et'\n";
  const ConfigDocument document = parse_config(text);
  CHECK(config_text(document) == text);
  CHECK(*document.find("remote \"s3\"", "secret_access_key") == "s#e=c,r\"et");
  CHECK(config_list(*document.find("cache", "type")) ==
        std::vector<std::string>{"reflink", "copy"});
  const ConfigDocument loose =
      parse_config("# c\n[remote \"S3\"]\nURL = s3://b/p # why\n\n[CORE]\n autostage=True\n");
  CHECK(*loose.find("remote \"s3\"", "url") == "s3://b/p");
  CHECK(*loose.find("core", "autostage") == "True");
  for (const char* bad :
       {"[core\n", "x = 1\n", "[a]\nx\n", "[a]\nx = \"1\n", "[a]\n[a]\n", "[[a]]\n"}) {
    CAPTURE(bad);
    CHECK_ERROR(parse_config(bad), ErrorKind::config, "line");
  }
  CHECK(parse_config_key("remote.a.b.url").section == "remote \"a.b\"");
  CHECK_ERROR(parse_config_key("core"), ErrorKind::usage, "core.remote");
}

TEST_CASE("ignore patterns match as git's do") {
  struct Case {
    const char* pattern;
    const char* path;
    bool directory;
    bool matched;
  };
  for (const auto& [pattern, path, directory, matched] : std::vector<Case>{
           {"*.tmp", "a/b.tmp", false, true},    {"/*.tmp", "a/b.tmp", false, false},
           {"a/*.tmp", "a/b.tmp", false, true},  {"a/*", "a/b/c", false, false},
           {"**/c", "a/b/c", false, true},       {"a/**/c", "a/c", false, true},
           {"a/**/c", "a/x/y/c", false, true},   {"a/**", "a/x/y", false, true},
           {"a/**", "a", true, false},           {"build/", "build", false, false},
           {"build/", "x/build", true, true},    {"[a-c]?", "b1", false, true},
           {"[!a-c]?", "b1", false, false},      {"[[:digit:]]x", "1x", false, true},
           {"\\#x", "#x", false, true},          {"a\\*", "a*", false, true},
           {"a\\*", "ab", false, false},         {"foo**bar", "foo/bar", false, false},
           {"foo**bar", "fooxbar", false, true}, {"[", "[", false, false}}) {
    CAPTURE(pattern);
    CAPTURE(path);
    const auto rule = parse_ignore_line(pattern, "");
    REQUIRE(rule);
    CHECK(matches(*rule, path, directory) == matched);
  }
  CHECK_FALSE(parse_ignore_line("# comment", ""));
  CHECK_FALSE(parse_ignore_line("   ", ""));
  CHECK(parse_ignore_line("!x", "")->negative);
  CHECK_FALSE(matches(*parse_ignore_line("x", "sub"), "x", false));
  CHECK(matches(*parse_ignore_line("x", "sub"), "sub/y/x", false));
}

TEST_CASE("lines of .gitignore come and go without touching others") {
  CHECK(gitignore_entry("[br] #x*") == "/\\[br\\] \\#x\\*");
  CHECK(gitignore_with("a", "/b") == "a\n/b\n");
  CHECK(gitignore_with("/b\n", "/b") == "/b\n");
  CHECK(gitignore_without("a\n/b\nc", "b") == "a\nc");
  CHECK(gitignore_without("/\\#x\n/#x\n", "#x").empty());
}

TEST_CASE("DVC 2 took a chunk for text by its first 512 bytes") {
  CHECK(looks_like_text(""));
  CHECK(looks_like_text("a\r\nb\t\f\b"));
  CHECK_FALSE(looks_like_text(std::string_view("a\0b", 3)));
  CHECK(looks_like_text("1234567\x80\x80\x80"));  // 30 %
  CHECK_FALSE(looks_like_text("123456\x80\x80\x80"));
  CHECK(looks_like_text(std::string(512, 'a') + std::string(100, '\0')));
}

TEST_CASE("a lock file gives outputs with the flags of their stage") {
  const auto outputs = lock_outputs(
      "schema: '2.0'\nstages:\n  gen@a:\n    cmd: x\n    outs:\n    - path: out/a.txt\n"
      "      hash: md5\n      md5: 0cc175b9c0f1b6a831c399e269772661\n      size: 1\n"
      "  gone:\n    cmd: y\n    outs:\n    - path: z\n      md5: "
      "0cc175b9c0f1b6a831c399e269772661\n",
      "stages:\n  gen:\n    foreach: [a]\n    do:\n      cmd: x\n      wdir: w\n      outs:\n"
      "      - out/${item}.txt:\n          cache: false\n  never:\n    cmd: z\n    outs: [n/]\n",
      "sub/dvc.yaml");
  REQUIRE(outputs.size() == 2);
  CHECK(outputs[0].path == "sub/w/out/a.txt");
  CHECK(outputs[0].address() == "sub/dvc.yaml:gen@a");
  CHECK_FALSE(outputs[0].entry.cache);
  CHECK(outputs[1].path == "sub/n");
  CHECK_FALSE(outputs[1].entry.id);
}

TEST_CASE("records survive packing, and damaged bytes give none") {
  const std::vector<FileRecord> records{
      {.path = "a", .md5 = md5_of("a"), .inode = 7, .modified_ns = -5, .size = 3, .mode = 0}};
  const std::string bytes = pack_records(records);
  const auto back = unpack_records(bytes);
  REQUIRE(back);
  CHECK(back->front().md5 == md5_of("a"));
  CHECK(back->front().modified_ns == -5);
  for (std::size_t i = 1; i < bytes.size(); ++i) CHECK_FALSE(unpack_records(bytes.substr(0, i)));
  Fingerprint one, other;
  one.add("a", 1, 2, 3);
  one.add("b", 1, 2, 4);
  other.add("b", 1, 2, 4);
  other.add("a", 1, 2, 3);
  CHECK(one == other);
  other.add("c", 1, 1, 1);
  CHECK_FALSE(one == other);
}

TEST_CASE("imports are written as DVC 3.64 writes them, with its MD5 of the stage") {
  const std::string recorded =
      "md5: 5d1769756904722827511ace0c9b5e8f\nfrozen: true\ndeps:\n"
      "- md5: de29a60851e2b3d11484b40e4aa51e84.dir\n  size: 4\n  nfiles: 2\n  hash: md5\n"
      "  path: remote://src/d\nouts:\n- md5: 8b3662b0d460701f7734cdf533c5aa85.dir\n  size: 4\n"
      "  nfiles: 2\n  hash: md5\n  path: sd\n";
  const DvcFile file = parse_dvc_file(recorded);
  CHECK(new_import_text(file.deps.front(), file.outs.front(), true) == recorded);
  CHECK(edited_import_text(recorded, file.deps.front(), file.outs.front()) == recorded);
  CHECK(stage_md5("# noted\n" + recorded + "desc: mine\nwdir: .\n") ==
        "5d1769756904722827511ace0c9b5e8f");
  const std::string options =
      "md5: 6855a5d5d812f13c64882d25b0579a09\nfrozen: true\ndeps:\n"
      "- etag: febe6995bad457991331348f7b9c85fa\n  size: 6\n  hash: md5\n  path: s3://bkt/f\n"
      "  fs_config:\n    endpointurl: http://127.0.0.1:34100\nouts:\n"
      "- md5: febe6995bad457991331348f7b9c85fa\n  size: 6\n  hash: md5\n  path: plain\n";
  const DvcFile plain = parse_dvc_file(options);
  CHECK(plain.deps.front().fs_config.at("endpointurl") == "http://127.0.0.1:34100");
  CHECK(new_import_text(plain.deps.front(), plain.outs.front(), true) == options);
}
