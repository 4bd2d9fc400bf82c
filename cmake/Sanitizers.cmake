if(MLOPSCTL_SANITIZE)
  add_compile_options(-fsanitize=${MLOPSCTL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MLOPSCTL_SANITIZE})
endif()
if(MLOPSCTL_SANITIZE MATCHES undefined)
  # Every check brings data with addresses in it. At a fixed place they need no relocation, of which
  # millions would cost each start of the program a fifth of a second.
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
  # A third of the code for what the address sanitizer sees too.
  add_compile_options(-fno-sanitize=null,object-size,vptr,alignment)
endif()
# For the code that fuzz targets run, of which hot code reads foreign bytes at any address, and for loops over numbers,
# where none are read.
set(MLOPSCTL_FUZZED_OPTIONS "")
set(MLOPSCTL_CODE_OPTIONS "")
set(MLOPSCTL_LOOP_OPTIONS -O3)
if(MLOPSCTL_SANITIZE)
  set(MLOPSCTL_LOOP_OPTIONS -O1)  # with checks in them no loop is vectorised
endif()
if(MLOPSCTL_FUZZ)
  set(MLOPSCTL_FUZZED_OPTIONS -fsanitize=fuzzer-no-link)  # reports its branches to libFuzzer
  set(MLOPSCTL_CODE_OPTIONS ${MLOPSCTL_FUZZED_OPTIONS} -fsanitize=alignment)
  list(APPEND MLOPSCTL_LOOP_OPTIONS -fno-sanitize=fuzzer-no-link)
  # Frames that an exception left are never given back, and soon each call would search for a free one.
  add_compile_options(-fsanitize-address-use-after-return=never)
  add_link_options(-fuse-ld=lld)  # faster than GNU ld, for fifty programs
endif()
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections -Wl,--as-needed)
