if(MLOPSCTL_SANITIZE)
  add_compile_options(-fsanitize=${MLOPSCTL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MLOPSCTL_SANITIZE})
endif()
if(MLOPSCTL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # the code under test reports its branches
endif()
add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections -Wl,--as-needed)
