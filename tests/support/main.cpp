// The one main of every test program. Tests run in an environment of their own, so that a
// developer's settings, terminal and projects do not leak in.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

int main(int argc, char** argv) {
  for (const char* name : {"MLOPSCTL_HOME", "MLOPSCTL_RUN_ID", "MLOPSCTL_METRICS",
                           "MLOPSCTL_EXPERIMENT", "MLOPSCTL_COMPLETE", "NO_COLOR", "FORCE_COLOR",
                           "CLICOLOR_FORCE", "COLUMNS", "LINES", "XDG_CONFIG_HOME"}) {
    ::unsetenv(name);
  }
  ::setenv("LC_ALL", "C.UTF-8", 1);
  ::setenv("TZ", "UTC", 1);
  return doctest::Context(argc, argv).run();
}
