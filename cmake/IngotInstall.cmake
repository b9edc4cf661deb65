# What `cmake --install` installs: the tools, the headers of generated code, the targets, and the package for find_package(Ingot). The
# package also stands in the build folder (Ingot_DIR=<build>/cmake), where it uses the tool and the sources as they are.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Ingot)

# The tools find libMLIR and libLLVM where they were linked from.
set_target_properties(ingot ingot-opt PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS ingot ingot-opt RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY runtime-min/include/ingot DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY runtime-host DESTINATION ${CMAKE_INSTALL_DATADIR}/ingot FILES_MATCHING PATTERN "*.cpp")
install(DIRECTORY targets/ DESTINATION ${CMAKE_INSTALL_DATADIR}/ingot/targets FILES_MATCHING PATTERN "*.json")

set(INGOT_TOOL ${CMAKE_INSTALL_BINDIR}/ingot)
set(INGOT_RUNTIME ${CMAKE_INSTALL_INCLUDEDIR})
set(INGOT_RUNTIME_HOST ${CMAKE_INSTALL_DATADIR}/ingot/runtime-host)
set(INGOT_TARGETS ${CMAKE_INSTALL_DATADIR}/ingot/targets)
configure_package_config_file(cmake/IngotConfig.cmake.in ${CMAKE_BINARY_DIR}/install/IngotConfig.cmake
  INSTALL_DESTINATION ${package_dir}
  PATH_VARS INGOT_TOOL INGOT_RUNTIME INGOT_RUNTIME_HOST INGOT_TARGETS)
# The tool runs where the project is built, whatever the project is built for.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/install/IngotConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/install/IngotConfig.cmake ${CMAKE_BINARY_DIR}/install/IngotConfigVersion.cmake
  cmake/IngotAddModel.cmake DESTINATION ${package_dir})

set(INGOT_TOOL ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/ingot)
set(INGOT_RUNTIME ${PROJECT_SOURCE_DIR}/runtime-min/include)
set(INGOT_RUNTIME_HOST ${PROJECT_SOURCE_DIR}/runtime-host)
set(INGOT_TARGETS ${PROJECT_SOURCE_DIR}/targets)
configure_package_config_file(cmake/IngotConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/IngotConfig.cmake
  INSTALL_DESTINATION ${CMAKE_BINARY_DIR}/cmake INSTALL_PREFIX ${CMAKE_BINARY_DIR}
  PATH_VARS INGOT_TOOL INGOT_RUNTIME INGOT_RUNTIME_HOST INGOT_TARGETS)
configure_file(${CMAKE_BINARY_DIR}/install/IngotConfigVersion.cmake ${CMAKE_BINARY_DIR}/cmake/IngotConfigVersion.cmake COPYONLY)
configure_file(cmake/IngotAddModel.cmake ${CMAKE_BINARY_DIR}/cmake/IngotAddModel.cmake COPYONLY)
