// The one main of every test program. Tests run in an environment of their own, so that a
// developer's settings, terminal and projects do not leak in.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

int main(int argc, char** argv) {
  for (const char* name : {"MLOPSCTL_HOME",
                           "MLOPSCTL_RUN_ID",
                           "MLOPSCTL_METRICS",
                           "MLOPSCTL_EXPERIMENT",
                           "MLOPSCTL_COMPLETE",
                           "NO_COLOR",
                           "FORCE_COLOR",
                           "CLICOLOR_FORCE",
                           "COLUMNS",
                           "LINES",
                           "XDG_CONFIG_HOME",
                           "AWS_PROFILE",
                           "AWS_ACCESS_KEY_ID",
                           "AWS_SECRET_ACCESS_KEY",
                           "AWS_SESSION_TOKEN",
                           "AWS_REGION",
                           "AWS_DEFAULT_REGION",
                           "AWS_ENDPOINT_URL",
                           "AWS_ENDPOINT_URL_S3",
                           "AWS_CA_BUNDLE",
                           "AWS_ROLE_ARN",
                           "AWS_WEB_IDENTITY_TOKEN_FILE",
                           "http_proxy",
                           "https_proxy",
                           "HTTPS_PROXY",
                           "all_proxy"}) {
    ::unsetenv(name);
  }
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  ::setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
  ::setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  ::setenv("TZ", "UTC", 1);
  return doctest::Context(argc, argv).run();
}
