//===- WeightData.cpp -----------------------------------------------------===//
#include "codegen/cpp/WeightData.h"
#include "compiler/support/Elements.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace ingot;

FailureOr<WeightData> WeightData::of(ModuleOp planned) {
  auto elements = planned->getAttrOfType<ElementsAttr>("ingot.weights");
  if (!elements || !elements.getElementType().isInteger(8))
    return planned.emitError("has no ingot.weights; run plan-memory");
  WeightData data;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      data.view = StringRef(blob->getData().data(), blob->getData().size());
  } else {
    data.copy = elementData(elements);
  }
  auto size = size_t(elements.getNumElements());
  if (data.bytes().size() < size)
    return planned.emitError("has weights that are shorter than their type");
  data.view = data.view.take_front(size);
  return data;
}
