//===- identify.h - the type of one file ----------------------------------===//
#ifndef FILETYPE_IDENTIFY_H
#define FILETYPE_IDENTIFY_H

#include "content_type.h"

#include <string>

namespace filetype {

struct Result {
  std::string error;                  // empty, or why there is no type
  ContentType type = {};              // what is told
  const ContentType *guess = nullptr; // the model's, where its score is too low
  float score = 1;                    // the model's; 1 where it was not asked
};

/// The type of the file, or directory, with that path.
Result identify(const std::string &path);

/// What is told where the model gives that score for that class.
Result judge(const Class &best, float score);

} // namespace filetype

#endif
