#include "mlopsctl/formats/junit.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

TEST_CASE("suites, counts, properties and outcomes are where the viewers look for them") {
  const JUnitSuite suite{.name = "drift today",
                         .started = {1'700'000'000'123},
                         .seconds = 1.5,
                         .properties = {{"preset", "spec"}},
                         .cases = {{"drift", "a", JUnitOutcome::passed, "", ""},
                                   {"drift", "b", JUnitOutcome::failed, "p = 0.01", "ks\npsi"},
                                   {"drift", "c", JUnitOutcome::skipped, "too few rows", ""},
                                   {"drift", "d", JUnitOutcome::error, "no number", ""},
                                   {"drift", "e", JUnitOutcome::passed, "", "a remark"}}};
  CHECK(junit_xml(std::vector{suite}) == R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="5" failures="1" errors="1" skipped="1" time="1.500">
  <testsuite name="drift today" tests="5" failures="1" errors="1" skipped="1" time="1.500" timestamp="2023-11-14T22:13:20">
    <properties>
      <property name="preset" value="spec"/>
    </properties>
    <testcase classname="drift" name="a" time="0"/>
    <testcase classname="drift" name="b" time="0">
      <failure message="p = 0.01" type="drift">ks
psi</failure>
    </testcase>
    <testcase classname="drift" name="c" time="0">
      <skipped message="too few rows"></skipped>
    </testcase>
    <testcase classname="drift" name="d" time="0">
      <error message="no number" type="drift"></error>
    </testcase>
    <testcase classname="drift" name="e" time="0">
      <system-out>a remark</system-out>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST_CASE("names may hold anything: markup, newlines, control characters, broken UTF-8") {
  const JUnitSuite suite{.name = "s",
                         .cases = {{"c", "<a&\"b\">\n\x01\xff\xef\xbf\xbe", JUnitOutcome::failed,
                                    "m\t1", "]]>\x02\r"}}};
  const std::string xml = junit_xml(std::vector{suite});
  CHECK(xml.find("name=\"&lt;a&amp;&quot;b&quot;&gt;&#10;\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") !=
        std::string::npos);
  CHECK(xml.find("message=\"m&#9;1\"") != std::string::npos);
  CHECK(xml.find(">]]&gt;\xef\xbf\xbd&#13;</failure>") != std::string::npos);
}
