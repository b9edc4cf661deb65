//===- content_type.h - what is known of a type of file -------------------===//
#ifndef FILETYPE_CONTENT_TYPE_H
#define FILETYPE_CONTENT_TYPE_H

namespace filetype {

struct ContentType {
  const char *label;       // one word
  const char *description; // for people
  const char *group;
  const char *mime;
  bool isText;
};

/// What one of the model's scores stands for.
struct Class {
  ContentType type;
  ContentType shown; // the type that is told instead
  float threshold; // of the score, below which only "text" or "binary" is told
};

} // namespace filetype

#endif
