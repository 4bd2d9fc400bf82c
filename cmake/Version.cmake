# The commit is looked up at configure time; a tarball without .git says "unknown".
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
                OUTPUT_VARIABLE MLOPSCTL_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE
                ERROR_QUIET RESULT_VARIABLE git_failed)
if(git_failed)
  set(MLOPSCTL_COMMIT "unknown")
endif()
