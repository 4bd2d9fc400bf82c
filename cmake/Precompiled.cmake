# Headers that nearly every file includes are parsed once a build folder: 40 % of the compile time of
# builds that hardly optimise. clang-tidy reads every file without them (tests/lint/tidy.sh), so that
# one which forgot an #include does not pass unnoticed.
option(MLOPSCTL_PRECOMPILED "Precompile the headers of the standard library, fmt and JSON" ON)

# Five sets: `code`, `cold` for code that no test spends its time in, `cold_fuzzed` for that of it which reads foreign
# text in a fuzz target, `test` with doctest for test programs, `long_test` for those that take their time.
# What only tests run is not optimised, which is half of its compile time; the code that they test is, as the build
# says, but with a sanitizer only where it is hot. Templates that both use are linked from the test, though: tests that
# spend their time in them are optimised, too. With a sanitizer, cold code that no fuzz target reaches does not report
# its branches, a quarter of its compile time, and tests have no line numbers in a stack, a sixth.
set(MLOPSCTL_TEST_OPTIONS -O0)
set(MLOPSCTL_CODE_SETS code)
if(MLOPSCTL_SANITIZE)
  set(MLOPSCTL_CODE_SETS code cold cold_fuzzed)  # else they are all `code`
  set(MLOPSCTL_TEST_OPTIONS -O0 -g0)
  set(MLOPSCTL_COLD_OPTIONS -O0)
  set(MLOPSCTL_COLD_FUZZED_OPTIONS -O0 ${MLOPSCTL_FUZZED_OPTIONS})
endif()
set(MLOPSCTL_LONG_TEST_OPTIONS "")
if(MLOPSCTL_PRECOMPILED)
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)  # or ccache cannot keep the objects
  add_compile_options("$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")  # the same
  # With -O2, GCC 12 takes a std::optional that is moved from for a value that was never set.
  add_compile_options($<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-Wno-maybe-uninitialized>)
  # GCC 12 then sees `std::string + literal` write past its end (GCC bug 105651). The sanitizers find real ones.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                      $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
  set(standard <algorithm> <array> <cmath> <cstdint> <filesystem> <functional> <limits> <map> <memory> <optional>
               <set> <span> <string> <string_view> <utility> <vector> <fmt/format.h> <nlohmann/json.hpp>)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "")
  foreach(set ${MLOPSCTL_CODE_SETS})
    add_library(mlopsctl_precompiled_${set} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
    target_precompile_headers(mlopsctl_precompiled_${set} PRIVATE ${standard})
    target_link_libraries(mlopsctl_precompiled_${set} PRIVATE fmt::fmt nlohmann_json::nlohmann_json mlopsctl_warnings)
  endforeach()
  if(MLOPSCTL_TESTS)
    find_package(doctest REQUIRED)
    foreach(set test long_test)
      add_library(mlopsctl_precompiled_${set} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
      target_precompile_headers(mlopsctl_precompiled_${set} PRIVATE ${standard} <doctest/doctest.h>)
      target_link_libraries(mlopsctl_precompiled_${set} PRIVATE
        fmt::fmt nlohmann_json::nlohmann_json doctest::doctest mlopsctl_warnings)
    endforeach()
  endif()
  foreach(set ${MLOPSCTL_CODE_SETS} test long_test)
    if(TARGET mlopsctl_precompiled_${set})
      string(TOUPPER ${set} SET)
      target_compile_options(mlopsctl_precompiled_${set} PRIVATE ${MLOPSCTL_${SET}_OPTIONS})
    endif()
  endforeach()
endif()

# mlopsctl_precompiled(target code|cold|cold_fuzzed|test|long_test): gives the target the set's flags and headers; sources
# with COMPILE_OPTIONS of their own, wherever the folder's CMakeLists.txt says so, go without the headers.
function(mlopsctl_precompiled target set)
  if(set MATCHES cold AND NOT set IN_LIST MLOPSCTL_CODE_SETS)
    set(set code)
  endif()
  string(TOUPPER ${set} SET)
  target_compile_options(${target} PRIVATE ${MLOPSCTL_${SET}_OPTIONS})
  if(NOT MLOPSCTL_PRECOMPILED)
    return()
  endif()
  target_precompile_headers(${target} REUSE_FROM mlopsctl_precompiled_${set})
  target_link_libraries(${target} PRIVATE fmt::fmt nlohmann_json::nlohmann_json)
  cmake_language(EVAL CODE "cmake_language(DEFER CALL mlopsctl_leave_out_own_flags ${target})")
endfunction()

function(mlopsctl_leave_out_own_flags target)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    get_source_file_property(options ${source} COMPILE_OPTIONS)
    if(options)
      set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()
