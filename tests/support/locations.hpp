// Where the build put things. In one source file of its own: a compiler cache finds the objects of
// all others again in a clone in another folder.
#pragma once

#include <string>

namespace mlopsctl::testing {

// Functions, as constants of tests are made of them before main().
std::string source_folder();  // of this repository, without a slash at the end
std::string built_program();  // build/<preset>/bin/mlopsctl

}  // namespace mlopsctl::testing
