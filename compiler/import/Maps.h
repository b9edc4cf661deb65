//===- Maps.h - maps as tensors -------------------------------------------===//
#ifndef INGOT_COMPILER_IMPORT_MAPS_H
#define INGOT_COMPILER_IMPORT_MAPS_H

#include "compiler/import/Proto.h"

namespace ingot {

/// Each output of the main graph that ZipMap makes, a sequence of maps of the same keys, becomes two outputs: NAME.keys, the keys, and NAME.values, a
/// row of values for each map. The model is of the newest opset and flat. Other uses of maps stay, and no later stage has a lowering for them.
void splitMaps(::onnx::ModelProto &model);

} // namespace ingot

#endif
