# Read by ctest as it starts: adds a test for each case of the doctest program ${program}, with ${label} and ${timeout}.
if(NOT EXISTS ${program})
  cmake_path(GET program FILENAME name)
  add_test(${name}_is_not_built ${program})
  set_tests_properties(${name}_is_not_built PROPERTIES LABELS ${label})
  return()
endif()

execute_process(COMMAND ${program} --list-test-cases --no-intro=true OUTPUT_VARIABLE listed RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${program} does not list its cases: ${listed}")
endif()

string(REPLACE ";" "\\;" listed "${listed}")
string(REPLACE "\n" ";" lines "${listed}")
foreach(case IN LISTS lines)
  if(case MATCHES "^\\[doctest\\]" OR case MATCHES "^=+$" OR case STREQUAL "")
    continue()
  endif()
  # A comma separates filters.
  string(REPLACE "," "\\," filter "${case}")
  add_test("${label}: ${case}" ${program} "--test-case=${filter}" --no-intro=true)
  set_tests_properties("${label}: ${case}" PROPERTIES
    LABELS ${label} TIMEOUT ${timeout} SKIP_REGULAR_EXPRESSION "MESSAGE: skipped: ")
endforeach()
