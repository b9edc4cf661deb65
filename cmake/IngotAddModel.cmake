# ingot_add_model(<name> MODEL <file.onnx>
#                 [SHAPE <input>=<size>,<size>,... ...] [STATE <input>:<output> ...]
#                 [TARGET <target>] [NAME <identifier>] [WEIGHTS auto|array|linked|external] [STRING_BYTES <n>] [THREADS <n>] [SCHEDULES <file.json>]
#                 [LIBRARIES <name> ...] [IMAGE_SIZE <height> <width>])
#
# Adds the static library <name>: the model, compiled ahead of time when the library is built, with the header <NAME>.h. It is compiled
# again when the model, its external data or Ingot change.
#   MODEL   the ONNX file, relative to the current source folder
#   SHAPE   sizes of inputs whose sizes the model leaves open
#   STATE   an output that is the next value of an input: both become part of the struct State
#   TARGET  what it is compiled for, a name that `ingot targets` lists, or `native`: the best target that this machine runs. Unless given:
#           ${INGOT_TARGET} if that is set, else by CMAKE_SYSTEM_PROCESSOR: x86-64-v3 (any x86 processor with AVX2 and FMA), aarch64,
#           cortex-m7, riscv64 or wasm32. x86-64 is code for several instruction sets in one library, of which each call takes the best that its
#           processor runs: each source is compiled with its level's flags. README.md says what that costs
#   WEIGHTS where the weights go: array, into the sources; linked, into the program's read-only data; external, nowhere: the program gives
#           the content of the file that the property INGOT_WEIGHTS of <name> names to Context. auto: array up to 4 KiB, else linked
#   STRING_BYTES room in the arena for the strings that the model makes; else 128 for each, and at least 4096
#   THREADS how many threads shall share the work of a call; the program lends them by Context::threads. 1 unless given
#   SCHEDULES a file of schedules that `ingot tune` wrote, relative to the current source folder
#   LIBRARIES those of runtime-host that the code may call, which are built and linked, too. image: for ImageDecoder; needs Leptonica for the
#           machine that the program is for (Debian: libleptonica-dev)
#   IMAGE_SIZE the largest pictures that ImageDecoder takes where the model does not declare their size; else 2048 2048
#   NAME    the C++ namespace and the prefix of every symbol and file; <name> unless given
#
# The library is built with the flags that its results need (optimised, nothing contracted or reassociated, the target's instruction set),
# whatever the build type and CMAKE_CXX_FLAGS of the project say.
#
# Cross compilation: the tool runs on the machine that builds. It is, in this order: INGOT_HOST_TOOL (a variable or environment variable,
# path of the program), the one that belongs to this package, `ingot` in PATH, and, in a source tree, one that is built for the host first.
include_guard(GLOBAL)

# Set by IngotConfig.cmake, or these, in the source tree.
if(NOT INGOT_PACKAGE_DIR)
  get_filename_component(INGOT_SOURCE_TREE ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
  set(INGOT_RUNTIME_DIR ${INGOT_SOURCE_TREE}/runtime-min/include)
  set(INGOT_RUNTIME_HOST_DIR ${INGOT_SOURCE_TREE}/runtime-host)
  set(INGOT_TARGETS_DIR ${INGOT_SOURCE_TREE}/targets)
endif()
foreach(variable INGOT_RUNTIME_DIR INGOT_RUNTIME_HOST_DIR INGOT_TARGETS_DIR INGOT_SOURCE_TREE INGOT_PACKAGE_TOOL)
  set_property(GLOBAL PROPERTY ${variable} "${${variable}}")
endforeach()

# Whether the program runs on this machine. A package for another machine has a tool that does not.
function(_ingot_runs program result)
  execute_process(COMMAND ${program} --version RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
  if(code EQUAL 0)
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

function(_ingot_import_tool program)
  add_executable(Ingot::ingot IMPORTED GLOBAL)
  set_target_properties(Ingot::ingot PROPERTIES IMPORTED_LOCATION ${program})
endfunction()

# Makes the target Ingot::ingot.
function(_ingot_find_tool)
  if(TARGET Ingot::ingot)
    return()
  endif()
  set(host_tool "${INGOT_HOST_TOOL}")
  if(NOT host_tool)
    set(host_tool "$ENV{INGOT_HOST_TOOL}")
  endif()
  if(host_tool)
    _ingot_runs(${host_tool} runs)
    if(NOT runs)
      message(FATAL_ERROR "INGOT_HOST_TOOL: '${host_tool} --version' does not run on this machine")
    endif()
    _ingot_import_tool(${host_tool})
    return()
  endif()
  if(TARGET ingot AND NOT CMAKE_CROSSCOMPILING)
    add_executable(Ingot::ingot ALIAS ingot)
    return()
  endif()
  get_property(package_tool GLOBAL PROPERTY INGOT_PACKAGE_TOOL)
  if(package_tool)
    _ingot_runs(${package_tool} runs)
    if(runs)
      _ingot_import_tool(${package_tool})
      return()
    endif()
  endif()
  find_program(INGOT_TOOL_IN_PATH ingot NO_CMAKE_FIND_ROOT_PATH)
  if(INGOT_TOOL_IN_PATH)
    _ingot_import_tool(${INGOT_TOOL_IN_PATH})
    return()
  endif()
  get_property(source_tree GLOBAL PROPERTY INGOT_SOURCE_TREE)
  if(NOT source_tree)
    message(FATAL_ERROR "No ingot was found that runs on this machine; set INGOT_HOST_TOOL to the path of one")
  endif()

  # The toolchain file stays out of the host's build; what finds packages goes in.
  include(ExternalProject)
  set(binary_dir ${CMAKE_BINARY_DIR}/ingot-host)
  # Lists in the cache would be cut at their semicolons.
  string(REPLACE ";" "|" prefix_path "${CMAKE_PREFIX_PATH}")
  ExternalProject_Add(ingot_host
    SOURCE_DIR ${source_tree}
    BINARY_DIR ${binary_dir}
    LIST_SEPARATOR |
    CMAKE_ARGS -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=${prefix_path}" -DINGOT_TOOL_ONLY=ON
    BUILD_COMMAND ${CMAKE_COMMAND} --build ${binary_dir} --target ingot
    BUILD_BYPRODUCTS ${binary_dir}/bin/ingot
    BUILD_ALWAYS ON
    INSTALL_COMMAND ""
    USES_TERMINAL_BUILD ON)
  _ingot_import_tool(${binary_dir}/bin/ingot)
  add_dependencies(Ingot::ingot ingot_host)
endfunction()

# Makes the target ingot_<name>, a library of runtime-host, where what it is built on is there.
function(_ingot_find_library name)
  if(TARGET ingot_${name})
    return()
  endif()
  if(NOT name STREQUAL "image")
    message(FATAL_ERROR "there is no library '${name}' of Ingot; there is: image")
  endif()
  find_path(INGOT_LEPTONICA_INCLUDE leptonica/allheaders.h)
  find_library(INGOT_LEPTONICA_LIBRARY NAMES leptonica lept)
  if(NOT INGOT_LEPTONICA_INCLUDE OR NOT INGOT_LEPTONICA_LIBRARY)
    return()
  endif()
  get_property(host_dir GLOBAL PROPERTY INGOT_RUNTIME_HOST_DIR)
  get_property(runtime_dir GLOBAL PROPERTY INGOT_RUNTIME_DIR)
  add_library(ingot_image STATIC EXCLUDE_FROM_ALL ${host_dir}/image.cpp)
  target_include_directories(ingot_image PUBLIC ${runtime_dir} PRIVATE ${INGOT_LEPTONICA_INCLUDE})
  target_compile_features(ingot_image PRIVATE cxx_std_17)
  target_link_libraries(ingot_image PUBLIC ${INGOT_LEPTONICA_LIBRARY})
  set_target_properties(ingot_image PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# The target with the most `needs` that this machine has, by the kernel's list of its features.
function(_ingot_native_target result)
  set(features "")
  if(EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo features REGEX "^([Ff]lags|Features)" LIMIT_COUNT 1)
  endif()
  # LLVM's names are the kernel's without underscores, but for these.
  string(REPLACE "_" "" features "${features}")
  string(REGEX MATCHALL "[a-z0-9]+" features "${features}")
  set(names lzcnt bmi dotprod)
  set(others abm bmi1 asimddp)
  foreach(name kernels IN ZIP_LISTS names others)
    if(${kernels} IN_LIST features)
      list(APPEND features ${name})
    endif()
  endforeach()
  string(TOLOWER ${CMAKE_HOST_SYSTEM_PROCESSOR} host)
  string(REGEX REPLACE "^amd64$" "x86_64" host ${host})
  string(REGEX REPLACE "^arm64$" "aarch64" host ${host})
  get_property(targets_dir GLOBAL PROPERTY INGOT_TARGETS_DIR)
  file(GLOB files ${targets_dir}/*.json)
  set(most -1)
  foreach(file ${files})
    file(READ ${file} description)
    string(JSON triple ERROR_VARIABLE missing GET "${description}" triple)
    if(NOT triple MATCHES "^${host}-.*-linux")
      continue()
    endif()
    get_filename_component(target ${file} NAME_WE)
    _ingot_target_list(${target} needs needs)
    list(LENGTH needs count)
    list(REMOVE_ITEM needs ${features} "")
    if(NOT needs AND count GREATER most)
      set(most ${count})
      set(best ${target})
    endif()
  endforeach()
  if(most LESS 0)
    message(FATAL_ERROR "ingot_add_model: no target is for this machine's processor '${CMAKE_HOST_SYSTEM_PROCESSOR}'; give TARGET")
  endif()
  set(${result} ${best} PARENT_SCOPE)
endfunction()

function(_ingot_default_target result)
  if(INGOT_TARGET)
    set(target ${INGOT_TARGET})
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    set(target x86-64-v3)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(target aarch64)
  elseif(CMAKE_SYSTEM_NAME STREQUAL "Generic" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(arm|cortex-m7)$")
    set(target cortex-m7)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(riscv64|wasm32)$")
    set(target ${CMAKE_SYSTEM_PROCESSOR})
  else()
    message(FATAL_ERROR "ingot_add_model: no target for the processor '${CMAKE_SYSTEM_PROCESSOR}'; give TARGET")
  endif()
  set(${result} ${target} PARENT_SCOPE)
endfunction()

# Members of a list in targets/<target>.json.
function(_ingot_target_list target key result)
  get_property(targets_dir GLOBAL PROPERTY INGOT_TARGETS_DIR)
  file(READ ${targets_dir}/${target}.json description)
  string(JSON count ERROR_VARIABLE missing LENGTH "${description}" ${key})
  set(values "")
  if(NOT missing AND count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
      string(JSON value GET "${description}" ${key} ${i})
      list(APPEND values ${value})
    endforeach()
  endif()
  set(${result} "${values}" PARENT_SCOPE)
endfunction()

function(ingot_add_model name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MODEL;TARGET;NAME;WEIGHTS;STRING_BYTES;THREADS;SCHEDULES" "SHAPE;STATE;LIBRARIES;IMAGE_SIZE")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ingot_add_model(${name}): unknown arguments: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_MODEL)
    message(FATAL_ERROR "ingot_add_model(${name}): MODEL is missing")
  endif()
  get_filename_component(model "${ARG_MODEL}" ABSOLUTE)
  if(NOT ARG_NAME)
    set(ARG_NAME ${name})
  endif()
  if(NOT ARG_NAME MATCHES "^[A-Za-z][A-Za-z0-9_]*$")
    message(FATAL_ERROR "ingot_add_model(${name}): '${ARG_NAME}' is no C identifier; give NAME")
  endif()
  if(NOT ARG_TARGET)
    _ingot_default_target(ARG_TARGET)
  endif()
  if(ARG_TARGET STREQUAL "native")
    if(CMAKE_CROSSCOMPILING)
      message(FATAL_ERROR "ingot_add_model(${name}): TARGET native is this machine, but the project is built for another")
    endif()
    _ingot_native_target(ARG_TARGET)
  endif()
  get_property(targets_dir GLOBAL PROPERTY INGOT_TARGETS_DIR)
  if(NOT EXISTS ${targets_dir}/${ARG_TARGET}.json)
    message(FATAL_ERROR "ingot_add_model(${name}): there is no target '${ARG_TARGET}'; 'ingot targets' lists them")
  endif()
  _ingot_target_list(${ARG_TARGET} levels levels)
  _ingot_find_tool()

  set(dir ${CMAKE_CURRENT_BINARY_DIR}/ingot/${name})
  set(stem ${dir}/${ARG_NAME})
  # The code is for the target alone, or for each of its levels. What stands outside of them runs on all: it is compiled for the first.
  set(sources ${stem}.cpp ${stem}_weights.cpp)
  set(headers ${stem}.h)
  set(codes ${stem})
  if(levels)
    string(REGEX REPLACE "[^A-Za-z0-9;]" "_" codes "${levels}")
    list(TRANSFORM codes PREPEND ${stem}_)
  else()
    set(levels ${ARG_TARGET})
  endif()
  list(GET levels 0 first)
  _ingot_target_list(${first} compile_flags flags)
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "${flags}")
  foreach(code level IN ZIP_LISTS codes levels)
    set(level_sources ${code}.cpp ${code}_kernels_0.cpp ${code}_kernels_1.cpp ${code}_kernels_2.cpp ${code}_kernels_3.cpp)
    _ingot_target_list(${level} compile_flags flags)
    set_source_files_properties(${level_sources} PROPERTIES COMPILE_OPTIONS "${flags}")
    list(APPEND sources ${level_sources})
    list(APPEND headers ${code}_kernels.h)
  endforeach()
  list(REMOVE_DUPLICATES sources)
  set(options "")
  foreach(shape ${ARG_SHAPE})
    list(APPEND options --shape ${shape})
  endforeach()
  foreach(state ${ARG_STATE})
    list(APPEND options --state ${state})
  endforeach()
  if(ARG_WEIGHTS)
    list(APPEND options --weights ${ARG_WEIGHTS})
  endif()
  if(DEFINED ARG_STRING_BYTES)
    list(APPEND options --string-bytes ${ARG_STRING_BYTES})
  endif()
  if(ARG_SCHEDULES)
    get_filename_component(schedules ${ARG_SCHEDULES} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    list(APPEND options --schedules ${schedules})
  endif()
  if(DEFINED ARG_THREADS)
    list(APPEND options --threads ${ARG_THREADS})
  endif()
  foreach(library ${ARG_LIBRARIES})
    list(APPEND options --library ${library})
  endforeach()
  if(ARG_IMAGE_SIZE)
    list(JOIN ARG_IMAGE_SIZE "," image_size)
    list(APPEND options --image-size ${image_size})
  endif()
  get_filename_component(file ${model} NAME)
  add_custom_command(
    OUTPUT ${headers} ${stem}.weights ${sources}
    COMMAND Ingot::ingot compile ${model} -o ${dir} --name ${ARG_NAME} --target ${ARG_TARGET} ${options} --depfile ${dir}.d
    DEPENDS ${model} Ingot::ingot
    DEPFILE ${dir}.d
    COMMENT "Compiling ${file} for ${ARG_TARGET}"
    VERBATIM)

  add_library(${name} STATIC ${sources} ${headers})
  # The assembler reads the weights, which no compiler's list of dependencies says.
  set_source_files_properties(${stem}_weights.cpp PROPERTIES OBJECT_DEPENDS ${stem}.weights)
  get_property(runtime_dir GLOBAL PROPERTY INGOT_RUNTIME_DIR)
  target_include_directories(${name} PUBLIC ${dir} ${runtime_dir})
  target_compile_features(${name} PUBLIC cxx_std_17)
  foreach(library ${ARG_LIBRARIES})
    _ingot_find_library(${library})
    if(NOT TARGET ingot_${library})
      message(FATAL_ERROR "ingot_add_model(${name}): the library '${library}' needs Leptonica (Debian: libleptonica-dev), which was not found")
    endif()
    target_link_libraries(${name} PUBLIC ingot_${library})
  endforeach()
  # Options stand behind CMAKE_CXX_FLAGS and the build type's flags, and the last one counts. Kept as in cppCompileFlags().
  target_compile_options(${name} PRIVATE -O3 -fno-fast-math -ffp-contract=off -fno-math-errno -fno-trapping-math -fwrapv
    -fno-strict-aliasing -fno-exceptions -fno-rtti)
  set_target_properties(${name} PROPERTIES
    INGOT_WEIGHTS ${stem}.weights
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    INTERPROCEDURAL_OPTIMIZATION OFF UNITY_BUILD OFF DISABLE_PRECOMPILE_HEADERS ON
    CXX_CLANG_TIDY "" CXX_CPPCHECK "" CXX_INCLUDE_WHAT_YOU_USE "")
endfunction()
