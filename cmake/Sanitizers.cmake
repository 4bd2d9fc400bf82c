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
# For what is no test, and for loops over numbers, where no foreign bytes are read.
set(MLOPSCTL_CODE_OPTIONS "")
set(MLOPSCTL_LOOP_OPTIONS "")
if(MLOPSCTL_FUZZ)
  # The code under test reports its branches to libFuzzer; foreign bytes are read there, at any address.
  set(MLOPSCTL_CODE_OPTIONS -fsanitize=fuzzer-no-link,alignment)
  set(MLOPSCTL_LOOP_OPTIONS -fno-sanitize=fuzzer-no-link)
  # Frames that an exception left are never given back, and soon each call would search for a free one.
  add_compile_options(-fsanitize-address-use-after-return=never)
  add_link_options(-fuse-ld=lld)  # faster than GNU ld, for fifty programs
endif()
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections -Wl,--as-needed)
