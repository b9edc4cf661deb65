# Ingot's own code under AddressSanitizer and UndefinedBehaviorSanitizer, with libFuzzer's coverage. MLIR, LLVM, protobuf and
# onnx are linked as they are.
include_guard(GLOBAL)

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 22)
  message(FATAL_ERROR "INGOT_SANITIZE needs clang 22: configure a build folder of its own with -DCMAKE_CXX_COMPILER=clang++-22\
    -DCMAKE_C_COMPILER=clang-22, as ./dev sanitize does")
endif()

# Two checks need every caller and callee built with them, which the shared libraries are not: vptr (LLVM has no type
# information) and function. ccache knows a precompiled header by its contents only without a time in it.
add_compile_options(-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize=vptr,function -fno-sanitize-recover=all
  -fno-omit-frame-pointer -gline-tables-only "SHELL:-Xclang -fno-pch-timestamp")
add_link_options(-fsanitize=address,undefined -fno-sanitize=vptr,function)
