//===- Inference.cpp ------------------------------------------------------===//
#include "compiler/import/Inference.h"
#include "compiler/import/MissingInference.h"
#include "compiler/import/OpenShapes.h"
#include "compiler/import/Proto.h"
#include "compiler/import/Schema.h"
#include "compiler/support/Elements.h"
#include "compiler/support/SizeExpr.h"
#include "dialects/onnx/ONNXDialect.h"
#include "onnx/checker.h"
#include "onnx/defs/schema.h"
#include "onnx/defs/shape_inference.h"

using namespace mlir;
using namespace ingot;
namespace ops = ingot::onnx;
using ::onnx::AttributeProto;
using ::onnx::TensorProto;
using ::onnx::TypeProto;

/// Inference functions look at the values of shapes, axes and the like.
constexpr int64_t kMostVisibleElements = 4096;

namespace {

/// A nested graph's error was emitted already.
struct NestedError : std::exception {};

/// Open sizes as the specification's library passes them on: each by a name.
class SizeNames {
public:
  TypeProto protoOf(Type type, bool withShape) {
    TypeProto proto = protoFromType(type, withShape);
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!withShape || !tensor || tensor.hasStaticShape())
      return proto;
    for (auto [i, size] : llvm::enumerate(sizesOf(tensor))) {
      if (!tensor.isDynamicDim(i) || !size)
        continue;
      std::string name;
      llvm::raw_string_ostream(name) << size;
      sizes[name] = size;
      proto.mutable_tensor_type()->mutable_shape()->mutable_dim(i)->set_dim_param(name);
    }
    return proto;
  }
  Type typeOf(MLIRContext *context, const TypeProto &proto) {
    Type type = typeFromProto(context, proto);
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.hasStaticShape())
      return type;
    SizeList list = sizesOf(tensor);
    for (auto [i, size] : llvm::enumerate(list))
      if (!size)
        if (auto found = sizes.find(proto.tensor_type().shape().dim(i).dim_param()); found != sizes.end())
          size = found->second;
    return sizedType(list, tensor.getElementType());
  }

private:
  std::map<std::string, AffineExpr> sizes;
};

class RegionInferencer : public ::onnx::GraphInferencer {
public:
  RegionInferencer(Region &region, const InferenceOptions &options, SizeNames &names)
      : region(region), options(options), names(names) {}

  std::vector<const TypeProto *>
  doInferencing(const std::vector<const TypeProto *> &inputTypes,
                const std::vector<const TensorProto *> &) override {
    Block &block = region.front();
    if (inputTypes.size() != block.getNumArguments())
      throw ImportError("the nested graph has " +
                        llvm::Twine(block.getNumArguments()) + " inputs, " +
                        llvm::Twine(inputTypes.size()) + " are given");
    for (auto [argument, proto] : llvm::zip(block.getArguments(), inputTypes)) {
      if (!proto || proto->value_case() == TypeProto::VALUE_NOT_SET)
        continue;
      Type type = names.typeOf(argument.getContext(), *proto);
      Type merged = mergeTypes(argument.getType(), type);
      if (!merged)
        throw ImportError("input " + llvm::Twine(argument.getArgNumber()) +
                          " of the nested graph has another type than what "
                          "is given to it");
      argument.setType(merged);
    }
    if (options.inferRegion && failed(options.inferRegion(region)))
      throw NestedError();
    types.clear();
    for (Value value : block.getTerminator()->getOperands())
      types.push_back(names.protoOf(value.getType(), options.shapes));
    std::vector<const TypeProto *> pointers;
    for (const TypeProto &type : types)
      pointers.push_back(&type);
    return pointers;
  }

private:
  Region &region;
  const InferenceOptions &options;
  SizeNames &names;
  std::vector<TypeProto> types;
};

/// What an inference function sees of an operation.
class Context : public ::onnx::InferenceContext {
public:
  Context(Operation *op, const ::onnx::OpSchema &schema,
          const InferenceOptions &options)
      : op(op), options(options) {
    for (NamedAttribute attribute : op->getAttrs())
      if (!attribute.getName().getValue().starts_with("ingot."))
        attributes[attribute.getName().str()] =
          protoFromAttribute(attribute.getName(), attribute.getValue());
    for (auto [name, region] :
         llvm::zip(graphAttributes(schema), op->getRegions())) {
      if (region.empty())
        continue;
      regions.emplace(name, RegionInferencer(region, options, names));
      AttributeProto &graph = attributes[name];
      graph.set_name(name);
      graph.set_type(AttributeProto::GRAPH);
      describeGraph(region.front(), *graph.mutable_g());
    }
    for (Value operand : op->getOperands()) {
      inputTypes.push_back(names.protoOf(operand.getType(), options.shapes));
      present.push_back(!isa<NoneType>(operand.getType()));
    }
    inputData.resize(op->getNumOperands());
    outputTypes.resize(op->getNumResults());
  }

  const AttributeProto *getAttribute(const std::string &name) const override {
    auto found = attributes.find(name);
    return found == attributes.end() ? nullptr : &found->second;
  }
  size_t getNumInputs() const override { return inputTypes.size(); }
  const TypeProto *getInputType(size_t index) const override {
    return index < present.size() && present[index] ? &inputTypes[index]
                                                    : nullptr;
  }
  const TensorProto *getInputData(size_t index) const override {
    if (index >= op->getNumOperands() || !options.shapes)
      return nullptr;
    ElementsAttr value = ops::constantValue(op->getOperand(index));
    if (!value || value.getNumElements() > kMostVisibleElements)
      return nullptr;
    if (!inputData[index])
      inputData[index] =
          std::make_unique<TensorProto>(protoFromElements(value));
    return inputData[index].get();
  }
  const ::onnx::SparseTensorProto *
  getInputSparseData(size_t) const override {
    return nullptr;
  }
  const ::onnx::TensorShapeProto *getSymbolicInput(size_t) const override {
    return nullptr;
  }
  size_t getNumOutputs() const override { return outputTypes.size(); }
  TypeProto *getOutputType(size_t index) override {
    // Absent outputs too have a place: the library writes to it unasked. It does so beyond the last one, too, without looking at what it
    // gets (Loop with fewer outputs than values).
    if (index >= outputTypes.size())
      throw ImportError("output " + llvm::Twine(index) + " is missing; name every output");
    return &outputTypes[index];
  }
  ::onnx::GraphInferencer *
  getGraphAttributeInferencer(const std::string &name) override {
    auto found = regions.find(name);
    return found == regions.end() ? nullptr : &found->second;
  }

private:
  /// Functions ask a graph for the number of its inputs and outputs, not for
  /// its nodes.
  void describeGraph(Block &block, ::onnx::GraphProto &graph) {
    for (BlockArgument argument : block.getArguments())
      *graph.add_input()->mutable_type() =
          names.protoOf(argument.getType(), options.shapes);
    for (Value value : block.getTerminator()->getOperands())
      *graph.add_output()->mutable_type() =
          names.protoOf(value.getType(), options.shapes);
  }

  Operation *op;
  const InferenceOptions &options;

public:
  SizeNames names;

private:
  std::map<std::string, AttributeProto> attributes;
  std::map<std::string, RegionInferencer> regions;
  std::vector<TypeProto> inputTypes, outputTypes;
  std::vector<bool> present;
  mutable std::vector<std::unique_ptr<TensorProto>> inputData;
};

} // namespace

Type ingot::mergeTypes(Type a, Type b) {
  if (a == b)
    return a;
  auto tensorA = dyn_cast<TensorType>(a), tensorB = dyn_cast<TensorType>(b);
  if (tensorA && tensorB) {
    if (tensorA.getElementType() != tensorB.getElementType())
      return {};
    if (!tensorA.hasRank())
      return b;
    if (!tensorB.hasRank())
      return a;
    if (tensorA.getRank() != tensorB.getRank())
      return {};
    SizeList sizes = sizesOf(cast<RankedTensorType>(tensorA));
    for (auto [size, other] : llvm::zip(sizes, sizesOf(cast<RankedTensorType>(tensorB)))) {
      std::optional<int64_t> known = constantSize(size), told = constantSize(other);
      if (known && told && *known != *told)
        return {};
      if (!size || (told && !known))
        size = other;
    }
    return sizedType(sizes, tensorA.getElementType());
  }
  auto sequenceA = dyn_cast<ops::SequenceType>(a),
       sequenceB = dyn_cast<ops::SequenceType>(b);
  if (sequenceA && sequenceB) {
    Type element = mergeTypes(sequenceA.getElementType(), sequenceB.getElementType());
    return element ? ops::SequenceType::get(a.getContext(), element) : Type();
  }
  auto optionalA = dyn_cast<ops::OptionalType>(a),
       optionalB = dyn_cast<ops::OptionalType>(b);
  if (optionalA && optionalB) {
    Type element = mergeTypes(optionalA.getElementType(), optionalB.getElementType());
    return element ? ops::OptionalType::get(a.getContext(), element) : Type();
  }
  return {};
}

static bool complete(const TypeProto &proto) {
  switch (proto.value_case()) {
  case TypeProto::kTensorType:
    return proto.tensor_type().elem_type() != TensorProto::UNDEFINED;
  case TypeProto::kSequenceType:
    return complete(proto.sequence_type().elem_type());
  case TypeProto::kOptionalType:
    return complete(proto.optional_type().elem_type());
  case TypeProto::kMapType:
    return true;
  default:
    return false;
  }
}

static std::string typeText(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << type;
  return text;
}

static LogicalResult refine(OpResult result, Type type) {
  // Unknown only before the first inference.
  Type merged = isa<ops::UnknownType>(result.getType())
                    ? type
                    : mergeTypes(result.getType(), type);
  if (!merged)
    return result.getOwner()->emitError()
           << "output " << result.getResultNumber() << " is inferred as "
           << typeText(type) << ", which contradicts "
           << typeText(result.getType());
  auto shaped = dyn_cast<ShapedType>(merged);
  if (shaped && shaped.hasStaticShape() &&
      !isa<ops::StringType>(shaped.getElementType()) && !byteSize(shaped))
    return result.getOwner()->emitError()
           << "output " << result.getResultNumber() << " of type "
           << typeText(merged) << " is larger than any memory";
  result.setType(merged);
  return success();
}

/// The first line of an exception of the onnx library, without its tags.
static std::string firstLine(StringRef message) {
  message = message.split('\n').first;
  if (message.starts_with("["))
    message = message.split(']').second;
  return message.trim().str();
}

/// Runs the library's function. Without shapes, one that complains of them has done enough if it gave all results their element types.
static void inferResults(const ::onnx::OpSchema &schema, Context &context,
                         Operation *op, const InferenceOptions &options) {
  try {
    schema.GetTypeAndShapeInferenceFunction()(context);
  } catch (const ::onnx::InferenceError &) {
    bool known = llvm::all_of(op->getResults(), [&](OpResult result) {
      TypeProto *proto = context.getOutputType(result.getResultNumber());
      return isa<NoneType>(result.getType()) || (proto && complete(*proto));
    });
    if (options.shapes || !known)
      throw;
  }
}

LogicalResult ingot::inferTypes(Operation *op,
                                const InferenceOptions &options) {
  const ::onnx::OpSchema *schema = schemaOf(op);
  if (!schema)
    return success();
  try {
    Context context(op, *schema, options);
    if (options.checkTypes)
      schema->CheckInputOutputType(context);
    inferResults(*schema, context, op, options);
    // The main domain's without such a function are normalisations (GroupNormalization 21, MeanVarianceNormalization 13).
    if (!schema->has_type_and_shape_inference_function() &&
        schema->domain().empty() && op->getNumResults() == 1 &&
        context.getInputType(0))
      context.getOutputType(0)->CopyFrom(*context.getInputType(0));
    bool isOpen = options.shapes && hasOpenSizes(op);
    for (OpResult result : op->getResults()) {
      TypeProto *proto = context.getOutputType(result.getResultNumber());
      // What is computed from open sizes, the library does not know.
      Type open = isOpen ? openShape(op, result.getResultNumber()) : Type();
      if (open) {
        if (failed(refine(result, open)))
          return failure();
        continue;
      }
      if (!proto || !complete(*proto) || isa<NoneType>(result.getType()))
        continue;
      // Functions that take a missing shape for one without dimensions give such shapes, too.
      if (!options.shapes && proto->has_tensor_type() &&
          proto->tensor_type().shape().dim_size() == 0)
        proto->mutable_tensor_type()->clear_shape();
      if (failed(refine(result, context.names.typeOf(op->getContext(), *proto))))
        return failure();
    }
    for (OpResult result : op->getResults())
      if (Type type = missingType(op, result.getResultNumber());
          type && !isa<NoneType>(result.getType()) && failed(refine(result, type)))
        return failure();
    return success();
  } catch (const NestedError &) {
    return failure();
  } catch (const std::exception &error) {
    return op->emitError() << firstLine(error.what());
  }
}
