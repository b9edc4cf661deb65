//===- Images.cpp - pictures from files -----------------------------------===//
//
// ImageDecoder-20. A library of the host decodes; the height and the width are as the model declares, which is checked, or sizes that data give.
//
//===----------------------------------------------------------------------===//
#include "compiler/lower/DataSizes.h"
#include "compiler/lower/Library.h"
#include "compiler/lower/Parameter.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::lower;
using arith::CmpIPredicate;

/// Height or width of the largest pictures where nobody says: 12 MB of pixels.
constexpr int64_t kMostPixels = 2048;
/// No picture has more, so that products of two are far from overflow.
constexpr int64_t kMostEver = int64_t(1) << 20;

/// Greatest height and width, and what the model declares of them.
static LogicalResult findMost(Node &node, int64_t (&most)[2]) {
  auto given = node.op->getParentOfType<ModuleOp>()->getAttrOfType<DenseI64ArrayAttr>("ingot.image_size");
  Shape sizes = node.resultSizes();
  for (int64_t axis : {0, 1}) {
    most[axis] = given && given.size() == 2 ? given[axis] : kMostPixels;
    if (sizes[axis].isNumber())
      most[axis] = sizes[axis].value();
    else if (sizes[axis].in(node.op->getContext()))
      return node.fail("the height and the width of a picture are known from its file or fixed; declare no other ones in the model");
    if (most[axis] < 0 || most[axis] > kMostEver)
      return node.fail("the picture is declared to have more than 2^20 rows or columns; correct the model");
  }
  return success();
}

/// Y = 0.299 R + 0.587 G + 0.114 B in fixed point, of integers below 256.
static Value luminance(LocBuilder &b, ValueRange colours) {
  Value sum = scalarInt(b, b.getI32Type(), 1 << 15);
  const int64_t factors[] = {19595, 38470, 7471};
  for (auto [colour, factor] : llvm::zip_equal(colours, factors))
    sum = add(b, sum, mul(b, colour, scalarInt(b, b.getI32Type(), factor)));
  return arith::ShRUIOp::create(b, sum, scalarInt(b, b.getI32Type(), 16));
}

static LogicalResult lowerImageDecoder(Node &node) {
  LocBuilder &b = node.b;
  std::string format = node.attrString("pixel_format", "RGB");
  int64_t channels = llvm::StringSwitch<int64_t>(format).Cases({"RGB", "BGR"}, 3).Case("Grayscale", 1).Default(0);
  if (channels == 0)
    return node.fail("'" + format + "' is none of the pixel formats RGB, BGR and Grayscale; correct the model");
  if (node.rank(0) != 1 || node.resultType().getRank() != 3 || node.resultSizes()[2].isNot(channels))
    return node.fail("it takes bytes in one dimension and gives rows of pixels of " + Twine(channels) + " channels; correct the model");
  int64_t most[2];
  if (failed(findMost(node, most)))
    return failure();

  Value inputs[] = {node.operand(0), index(b, node.sizes(0)[0]), index(b, most[0]), index(b, most[1])};
  Type results[] = {tensorType({most[0] * most[1] * 3}, b.getI8Type()), tensorType({2}, b.getI64Type())};
  FailureOr<SmallVector<Value>> called = callLibrary(node, "image", "ingot_decode_image", inputs, results);
  if (failed(called))
    return failure();
  Value pixels = (*called)[0], found = (*called)[1];

  Shape shape{0, 0, channels};
  auto foundAt = [&](LocBuilder &b, int64_t axis) { return tensor::ExtractOp::create(b, found, ValueRange(index(b, axis))); };
  for (int64_t axis : {0, 1}) {
    bool isDeclared = node.resultSizes()[axis].isNumber();
    shape[axis] = isDeclared ? Extent(most[axis]) : dataSize(node, found, axis, most[axis]);
    if (isDeclared)
      check(node, found, [&](LocBuilder &b) { return isNumber(b, foundAt(b, axis), most[axis]); });
  }
  return node.done(mapped(b, {}, ArrayRef<AffineMap>(), tensorType(shape, b.getI8Type()), [&](LocBuilder &b, ValueRange) -> Value {
    // Where the picture has another size than is declared, what it does not fill is black.
    Value end = mul(b, mul(b, foundAt(b, 0), foundAt(b, 1)), number(b, 3));
    Value pixel = mul(b, add(b, mul(b, place(b, 0), number(b, shape[1])), place(b, 1)), number(b, 3));
    auto colour = [&](Value channel) {
      Value at = add(b, pixel, channel);
      Value value = tensor::ExtractOp::create(b, pixels, ValueRange(Value(arith::IndexCastOp::create(b, b.getIndexType(), at))));
      return select(b, compare(b, CmpIPredicate::slt, at, end), value, scalarInt(b, b.getI8Type(), 0));
    };
    if (channels == 3)
      return colour(format == "RGB" ? place(b, 2) : sub(b, number(b, 2), place(b, 2)));
    SmallVector<Value> colours;
    for (int64_t channel : {0, 1, 2})
      colours.push_back(castScalar(b, colour(number(b, channel)), b.getI32Type(), /*fromUnsigned=*/true, /*toUnsigned=*/false));
    return castScalar(b, luminance(b, colours), b.getI8Type(), true, true);
  }));
}

void lower::addImages(Registry &registry) { registry["onnx.ImageDecoder"] = checked(lowerImageDecoder); }
