//===- judge.cpp - when the model is believed -----------------------------===//
#include "file_types.h"
#include "identify.h"

#include <cstring>

using namespace filetype;

Result filetype::judge(const Class &best, float score) {
  Result result;
  result.score = score;
  result.type = best.shown;
  if (score >= best.threshold)
    return result;
  result.type = best.shown.isText ? textType : unknownType;
  if (std::strcmp(result.type.label, best.type.label) != 0)
    result.guess = &best.type;
  return result;
}
