# cmake --install: the program and what it comes with. Nothing in the tree knows where it lies, so it can be moved.
include(GNUInstallDirs)
if(NOT TARGET lemma)
  return()
endif()
install(TARGETS lemma RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY recipes/ DESTINATION ${CMAKE_INSTALL_DATADIR}/lemma/recipes)
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs FILES_MATCHING PATTERN "*.md" PATTERN "gpu-todo.md" EXCLUDE)
# Man pages and completions are what the program prints.
set(pages ${CMAKE_BINARY_DIR}/share)
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/pages.stamp
  COMMAND ${CMAKE_COMMAND} -DLEMMA=$<TARGET_FILE:lemma> -DOUT=${pages} -P ${CMAKE_SOURCE_DIR}/cmake/pages.cmake
  COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/pages.stamp
  DEPENDS lemma ${CMAKE_SOURCE_DIR}/cmake/pages.cmake COMMENT "Printing man pages and completions" VERBATIM)
add_custom_target(lemma_pages ALL DEPENDS ${CMAKE_BINARY_DIR}/pages.stamp)
install(DIRECTORY ${pages}/ DESTINATION ${CMAKE_INSTALL_DATADIR})
