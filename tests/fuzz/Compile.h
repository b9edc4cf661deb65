//===- Compile.h - what is fuzzed: from a file's bytes to the plan --------===//
#ifndef INGOT_TESTS_FUZZ_COMPILE_H
#define INGOT_TESTS_FUZZ_COMPILE_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace ingot {

/// Imports the bytes and brings the model to the form `plan`. Returns the first error, empty where there was none. Ends the process where a
/// stage fails without an error. The file system is left alone: external data are never found.
std::string compileBytes(const uint8_t *data, size_t size);

} // namespace ingot

/// libFuzzer's entries; both targets have the first, the structured one the others.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed);
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t firstSize, const uint8_t *second, size_t secondSize,
                                            uint8_t *out, size_t maxSize, unsigned seed);
/// Changes some bytes; libFuzzer's, or Replay.cpp's.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

#endif
