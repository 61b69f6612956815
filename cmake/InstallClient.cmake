# What applications need: headers, static libraries, a CMake package and a pkg-config file.
#   cmake --install build/release --component client --prefix PREFIX

foreach(module common remoting client)
  set_target_properties(rocketmq_${module} PROPERTIES EXPORT_NAME ${module})
endforeach()
target_include_directories(rocketmq_client PUBLIC $<INSTALL_INTERFACE:include>)
install(TARGETS rocketmq_common rocketmq_remoting rocketmq_client
  EXPORT rocketmqTargets ARCHIVE DESTINATION lib COMPONENT client)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/client/include/rocketmq DESTINATION include
  COMPONENT client)
install(EXPORT rocketmqTargets NAMESPACE rocketmq:: DESTINATION lib/cmake/rocketmq
  COMPONENT client)

include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/rocketmqConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/rocketmqConfig.cmake
              ${CMAKE_BINARY_DIR}/rocketmqConfigVersion.cmake
  DESTINATION lib/cmake/rocketmq COMPONENT client)
configure_file(${CMAKE_CURRENT_LIST_DIR}/rocketmq.pc.in ${CMAKE_BINARY_DIR}/rocketmq.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/rocketmq.pc DESTINATION lib/pkgconfig COMPONENT client)
