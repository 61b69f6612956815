# rocketmq_module(NAME [PUBLIC libs...] [PRIVATE libs...] [EXCLUDE regex...])
# A static library from every .cc below the calling folder; headers are included from the root as
# "NAME/file.h". main.cc files are left to rocketmq_program().
function(rocketmq_module name)
  cmake_parse_arguments(ARG "" "" "PUBLIC;PRIVATE;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "main\\.cc$")
  foreach(pattern ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX ${pattern})
  endforeach()
  if(sources)
    add_library(rocketmq_${name} STATIC ${sources})
    set(scope PUBLIC)
    # The build's own helpers are no business of an installed library.
    list(TRANSFORM ARG_PRIVATE REPLACE "^rocketmq_.*" "$<BUILD_INTERFACE:\\0>")
    target_link_libraries(rocketmq_${name}
      PRIVATE $<BUILD_INTERFACE:rocketmq_warnings> ${ARG_PRIVATE})
  else()
    add_library(rocketmq_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(rocketmq_${name} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  target_link_libraries(rocketmq_${name} ${scope} ${ARG_PUBLIC})
endfunction()

# rocketmq_program(NAME [NOT_INSTALLED] SOURCES files... LIBS libs...): an executable in the build's
# bin folder. Those that are installed are built by bin/quickstart, too: README.md installs next.
function(rocketmq_program name)
  cmake_parse_arguments(ARG "NOT_INSTALLED" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE rocketmq_warnings ${ARG_LIBS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  if(NOT ARG_NOT_INSTALLED)
    install(TARGETS ${name} RUNTIME DESTINATION libexec/rocketmq COMPONENT server)
  endif()
endfunction()
