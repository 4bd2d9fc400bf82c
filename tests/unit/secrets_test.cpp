#include "mlopsctl/base/secrets.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

TEST_CASE("names that hold credentials are recognised") {
  for (const char* name :
       {"AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "db_password", "api-key", "OPENAI_API_KEY",
        "githubToken", "--auth-key", "PGPASSWORD_pwd", "WANDB_API_KEY"}) {
    CAPTURE(name);
    CHECK(is_secret_name(name));
  }
  for (const char* name : {"max_tokens", "tokenizer", "pad_token", "eos_token", "key", "keyboard",
                           "PATH", "monkey", "learning_rate", "next_token_loss"}) {
    CAPTURE(name);
    CHECK_FALSE(is_secret_name(name));
  }
}

TEST_CASE("credentials inside text are masked and the rest stays") {
  CHECK(mask_secrets("https://ana:s3cret@example.org/x") == "https://***@example.org/x");
  CHECK(mask_secrets("git@example.org:team/repo") == "git@example.org:team/repo");
  CHECK(mask_secrets("ssh://git@example.org/repo") == "ssh://git@example.org/repo");
  CHECK(mask_secrets("https://example.org/?a=1&token=abc&b=2") ==
        "https://example.org/?a=1&token=***&b=2");
  CHECK(mask_secrets("use ghp_abcdefghijklmnopqrstuvwxyz012345 now") == "use *** now");
  CHECK(mask_secrets("lr=0.1 epochs=3") == "lr=0.1 epochs=3");
  CHECK(mask_secrets("postgres://u:p@h/db?password=x") == "postgres://***@h/db?password=***");
  CHECK(mask_secrets("-----BEGIN RSA PRIVATE KEY-----\nabc") == "***");
}

TEST_CASE("command lines lose the values of secret options only") {
  CHECK(mask_arguments({"train.py", "--api-key", "abc", "--lr", "0.1"}) ==
        std::vector<std::string>{"train.py", "--api-key", "***", "--lr", "0.1"});
  CHECK(mask_arguments({"--token=abc", "PASSWORD=x"}) ==
        std::vector<std::string>{"--token=***", "PASSWORD=***"});
  CHECK(mask_arguments({"--token", "--verbose"}) ==
        std::vector<std::string>{"--token", "--verbose"});
}
