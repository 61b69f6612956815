# What runs a cluster: the daemons and tools, their scripts, and the configurations. PREFIX is ROCKETMQ_HOME.
#   cmake --install build/release --component server --prefix PREFIX

foreach(script mqadmin mqbench mqbroker mqcluster mqnamesrv mqshutdown mqstore)
  install(PROGRAMS ${PROJECT_SOURCE_DIR}/bin/${script} DESTINATION bin COMPONENT server)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/bin/lib/cluster.sh ${PROJECT_SOURCE_DIR}/bin/lib/env.sh
  DESTINATION bin/lib COMPONENT server)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/conf/ DESTINATION conf COMPONENT server)
