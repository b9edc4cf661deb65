//===- file_blocks.h - the bytes of a file that the model looks at
//-----------===//
#ifndef FILETYPE_FILE_BLOCKS_H
#define FILETYPE_FILE_BLOCKS_H

#include <cstdint>
#include <fstream>
#include <string>

namespace filetype {

/// The first and the last `blockSize` bytes of a file; of a shorter one, all of
/// its bytes in both.
struct Blocks {
  std::string first;
  std::string last;
};

/// Reads both blocks. Returns 0, or the number of the system's error.
int readBlocks(const std::string &path, Blocks &blocks);

/// Writes the model's input, beginSize + endSize numbers: the bytes of the
/// first block after its leading white space, padded behind; then the bytes of
/// the last block before its trailing white space, padded before. Returns false
/// where too few bytes are left for the model to say anything.
bool extractFeatures(const Blocks &blocks, std::int32_t *features);

/// Whether the bytes are text in UTF-8 from the first to the last.
bool isUtf8(const std::string &bytes);

} // namespace filetype

#endif
