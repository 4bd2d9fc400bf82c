if(MLOPSCTL_SANITIZE)
  add_compile_options(-fsanitize=${MLOPSCTL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MLOPSCTL_SANITIZE})
endif()
if(MLOPSCTL_SANITIZE MATCHES undefined)
  # Every check brings data with addresses in it. At a fixed place they need no relocation, of which
  # millions would cost each start of the program a fifth of a second.
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
  # A third of the code for what the address sanitizer sees too.
  add_compile_options(-fno-sanitize=null,object-size,vptr)
  if(NOT MLOPSCTL_FUZZ)
    add_compile_options(-fno-sanitize=alignment)  # the fuzz targets see it
  endif()
endif()
if(MLOPSCTL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # the code under test reports its branches
  add_link_options(-fuse-ld=lld)  # faster than GNU ld, for twenty programs
endif()
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections -Wl,--as-needed)
