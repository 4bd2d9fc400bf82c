# What `cmake --install` and the Debian package put where. The binary looks for ../share/mlopsctl
# beside itself, so the build folder has a copy too.
file(GLOB share_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/share/mlopsctl/*.py)
foreach(path ${share_files})
  get_filename_component(name ${path} NAME)
  configure_file(${path} ${CMAKE_BINARY_DIR}/share/mlopsctl/${name} COPYONLY)
endforeach()
file(GLOB man_pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.1)

install(TARGETS mlopsctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${share_files} DESTINATION ${CMAKE_INSTALL_DATADIR}/mlopsctl)
install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES completions/mlopsctl.bash RENAME mlopsctl
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES completions/_mlopsctl DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES completions/mlopsctl.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The licences of what is linked statically or compiled in from headers, as Debian ships them.
foreach(package libboost1.74-dev libcli11-dev libfmt-dev libkainjow-mustache-dev libpcre2-dev libsimdjson-dev
                libsqlite3-dev libssl-dev libutf8proc-dev libyaml-dev nlohmann-json3-dev
                zlib1g-dev)
  if(EXISTS /usr/share/doc/${package}/copyright)
    install(FILES /usr/share/doc/${package}/copyright RENAME ${package}
            DESTINATION ${CMAKE_INSTALL_DOCDIR}/third-party)
  endif()
endforeach()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mlopsctl)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "mlopsctl maintainers <maintainers@mlopsctl.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/DebianLayout.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# libgit2 and libcurl are loaded at first use, which dpkg-shlibdeps cannot see.
string(REPLACE ".so." "-" libgit2_package "${MLOPSCTL_LIBGIT2_SONAME}")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "${libgit2_package}, libcurl4 | libcurl3-gnutls, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "git, python3")
include(CPack)
