# ingot_library(NAME SOURCES... [LINK LIBRARIES...] [DEPENDS TARGETS...] [PRECOMPILED TARGET] [EXCEPTIONS])
#
# One static library of the compiler. It sees the repository's root and the build folder's root as include paths, so that
# a header is included by its path (`#include "compiler/support/Target.h"`), and libMLIR's headers as system headers.
#   PRECOMPILED whose precompiled header to read: IngotPrecompiled unless given, IngotONNXPrecompiled where most sources include the onnx
#               dialect
#   EXCEPTIONS  the sources call the onnx library, which throws; everything else is built without exceptions
include_guard(GLOBAL)

find_program(INGOT_CCACHE ccache)
if(INGOT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${INGOT_CCACHE})
endif()
find_program(INGOT_MOLD mold)
if(INGOT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

function(ingot_compile_settings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter -fvisibility-inlines-hidden)
endfunction()

# Headers that nearly every pass includes; kept to those, since each costs every reader of the precompiled file.
file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp.new "// carries the precompiled header\n")
configure_file(${CMAKE_BINARY_DIR}/precompiled.cpp.new ${CMAKE_BINARY_DIR}/precompiled.cpp COPYONLY)
add_library(IngotPrecompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
ingot_compile_settings(IngotPrecompiled)
target_compile_options(IngotPrecompiled PRIVATE -fno-exceptions)
target_precompile_headers(IngotPrecompiled PRIVATE
  <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Func/IR/FuncOps.h> <mlir/IR/Builders.h> <mlir/IR/BuiltinOps.h>
  <mlir/IR/PatternMatch.h> <mlir/Pass/Pass.h> <mlir/Transforms/GreedyPatternRewriteDriver.h>)

function(ingot_library name)
  cmake_parse_arguments(ARG "EXCEPTIONS" "PRECOMPILED" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  ingot_compile_settings(${name})
  if(NOT ARG_EXCEPTIONS)
    target_compile_options(${name} PRIVATE -fno-exceptions)
    if(NOT ARG_PRECOMPILED)
      set(ARG_PRECOMPILED IngotPrecompiled)
    endif()
    target_precompile_headers(${name} REUSE_FROM ${ARG_PRECOMPILED})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# ingot_passes(NAME): Passes.td of the current folder becomes Passes.h.inc; the target is Ingot<NAME>PassesGen. ingot-opt
# finds the passes by itself: it includes the folder's Passes.h, calls registerIngot<NAME>Passes() and links the folder's
# library, which has the name Ingot<NAME>.
function(ingot_passes name)
  set(LLVM_TARGET_DEFINITIONS Passes.td)
  mlir_tablegen(Passes.h.inc -gen-pass-decls -name=Ingot${name})
  add_public_tablegen_target(Ingot${name}PassesGen)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set_property(GLOBAL APPEND PROPERTY INGOT_STAGES ${name})
  set_property(GLOBAL APPEND PROPERTY INGOT_STAGE_HEADERS "${folder}/Passes.h")
endfunction()
