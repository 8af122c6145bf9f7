add_library(assay_flags INTERFACE)
target_compile_options(assay_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -Wno-missing-field-initializers  # designated initialisers may leave defaults in place
  -Wno-restrict                 # false alarms on std::string in g++ 12 (GCC bug 105329)
  -ffp-contract=off)            # same bits on machines with and without fused multiply-add

# assay_room(stats HEADERS ... SOURCES ... TESTS ... USES base numerics LIBS fmt::fmt)
# A room = a folder, a static library assay_<name> and a test program <name>_test.
function(assay_room name)
  cmake_parse_arguments(A "" "" "HEADERS;SOURCES;TESTS;USES;LIBS;TEST_USES;TEST_LIBS" ${ARGN})
  add_library(assay_${name} STATIC ${A_SOURCES})
  target_sources(assay_${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/src FILES ${A_HEADERS})
  list(TRANSFORM A_USES PREPEND assay_)
  list(TRANSFORM A_TEST_USES PREPEND assay_)
  target_link_libraries(assay_${name} PUBLIC ${A_USES} PRIVATE assay_flags ${A_LIBS})
  if(A_TESTS)
    add_executable(${name}_test ${A_TESTS})
    target_link_libraries(${name}_test PRIVATE assay_${name} ${A_TEST_USES} assay_flags
      fmt::fmt rapidcheck GTest::gmock_main ${A_TEST_LIBS})
    target_precompile_headers(${name}_test REUSE_FROM test_pch)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60)
  endif()
endfunction()

file(WRITE ${CMAKE_BINARY_DIR}/empty.cpp "")
add_library(test_pch OBJECT ${CMAKE_BINARY_DIR}/empty.cpp)
target_link_libraries(test_pch PRIVATE assay_flags GTest::gmock)
target_precompile_headers(test_pch PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
