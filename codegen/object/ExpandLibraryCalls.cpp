//===- ExpandLibraryCalls.cpp - no calls of the C library -----------------===//
#include "codegen/object/MachineModule.h"
#include "llvm/CodeGen/ISDOpcodes.h"
#include "llvm/CodeGen/TargetLowering.h"
#include "llvm/CodeGen/TargetSubtargetInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace ingot;
using llvm::Intrinsic::ID;
using llvm::Value;

namespace {
/// The expressions of vector.h, for one value or a vector.
struct Expander {
  llvm::IRBuilder<> &b;
  llvm::Type *type;

  Value *number(double value) { return llvm::ConstantFP::get(type, value); }
  Value *unary(ID id, Value *x) { return b.CreateUnaryIntrinsic(id, x); }
  Value *copysign(Value *magnitude, Value *sign) {
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, magnitude, sign);
  }

  /// Adding and subtracting 2^(digits of the significand) leaves no room for a fraction; larger values, infinities and NaN pass.
  Value *roundMagnitude(Value *magnitude) {
    Value *limit = number(type->getScalarType()->isFloatTy() ? 0x1p23 : 0x1p52);
    Value *rounded = b.CreateFSub(b.CreateFAdd(magnitude, limit), limit);
    return b.CreateSelect(b.CreateFCmpOLT(magnitude, limit), rounded, magnitude);
  }
  Value *roundeven(Value *x) {
    return copysign(roundMagnitude(unary(llvm::Intrinsic::fabs, x)), x);
  }
  Value *trunc(Value *x) {
    Value *magnitude = unary(llvm::Intrinsic::fabs, x);
    Value *rounded = roundMagnitude(magnitude);
    Value *less = b.CreateFSub(rounded, number(1));
    return copysign(
        b.CreateSelect(b.CreateFCmpOGT(rounded, magnitude), less, rounded), x);
  }
  Value *floor(Value *x) {
    Value *rounded = roundeven(x);
    Value *less = b.CreateFSub(rounded, number(1));
    return copysign(b.CreateSelect(b.CreateFCmpOGT(rounded, x), less, rounded),
                    x);
  }
  Value *ceil(Value *x) {
    Value *rounded = roundeven(x);
    Value *more = b.CreateFAdd(rounded, number(1));
    return copysign(b.CreateSelect(b.CreateFCmpOLT(rounded, x), more, rounded),
                    x);
  }

  Value *isNaN(Value *x) { return b.CreateFCmpUNO(x, x); }
  /// NaN where one is NaN; zeros are ordered by their signs: a maximum has both zeros' bits, a minimum either's.
  Value *extreme(Value *x, Value *y, bool largest) {
    Value *chosen =
        b.CreateSelect(largest ? b.CreateFCmpOGT(x, y) : b.CreateFCmpOLT(x, y), x, y);
    llvm::Type *bits = type->getWithNewType(
        b.getIntNTy(type->getScalarSizeInBits()));
    Value *left = b.CreateBitCast(x, bits), *right = b.CreateBitCast(y, bits);
    Value *zeros = b.CreateBitCast(
        largest ? b.CreateAnd(left, right) : b.CreateOr(left, right), type);
    return b.CreateSelect(
        isNaN(x), x, b.CreateSelect(b.CreateFCmpOEQ(x, y), zeros, chosen));
  }
  /// The greater of x and +0 or NaN: one comparison.
  Value *relu(Value *x) {
    Value *zero = number(0);
    return b.CreateSelect(b.CreateFCmpOLE(x, zero), zero, x);
  }
  /// Where one is NaN, the other.
  Value *extremeNumber(Value *x, Value *y, bool largest) {
    Value *second = largest ? b.CreateFCmpOLT(x, y) : b.CreateFCmpOLT(y, x);
    return b.CreateSelect(isNaN(x), y, b.CreateSelect(second, y, x));
  }
};
} // namespace

/// The node that instruction selection would look for, or 0 for what always has instructions or is no intrinsic of ours.
static unsigned nodeOf(ID id) {
  switch (id) {
  case llvm::Intrinsic::floor:
    return llvm::ISD::FFLOOR;
  case llvm::Intrinsic::ceil:
    return llvm::ISD::FCEIL;
  case llvm::Intrinsic::trunc:
    return llvm::ISD::FTRUNC;
  case llvm::Intrinsic::roundeven:
    return llvm::ISD::FROUNDEVEN;
  case llvm::Intrinsic::maximum:
    return llvm::ISD::FMAXIMUM;
  case llvm::Intrinsic::minimum:
    return llvm::ISD::FMINIMUM;
  case llvm::Intrinsic::maxnum:
    return llvm::ISD::FMAXNUM;
  case llvm::Intrinsic::minnum:
    return llvm::ISD::FMINNUM;
  default:
    return 0;
  }
}

/// Whether a maximum's second operand, where constants stand, is +0.
static bool isRelu(llvm::IntrinsicInst &call) {
  if (call.getIntrinsicID() != llvm::Intrinsic::maximum)
    return false;
  auto *bound = llvm::dyn_cast<llvm::Constant>(call.getArgOperand(1));
  return bound && bound->isNullValue();
}

static Value *expand(llvm::IntrinsicInst &call) {
  llvm::IRBuilder<> builder(&call);
  Expander e{builder, call.getType()};
  Value *x = call.getArgOperand(0);
  switch (call.getIntrinsicID()) {
  case llvm::Intrinsic::floor:
    return e.floor(x);
  case llvm::Intrinsic::ceil:
    return e.ceil(x);
  case llvm::Intrinsic::trunc:
    return e.trunc(x);
  case llvm::Intrinsic::roundeven:
    return e.roundeven(x);
  case llvm::Intrinsic::maximum:
    return isRelu(call) ? e.relu(x) : e.extreme(x, call.getArgOperand(1), true);
  case llvm::Intrinsic::minimum:
    return e.extreme(x, call.getArgOperand(1), false);
  case llvm::Intrinsic::maxnum:
    return e.extremeNumber(x, call.getArgOperand(1), true);
  default:
    return e.extremeNumber(x, call.getArgOperand(1), false);
  }
}

void ingot::expandLibraryCalls(llvm::Module &module,
                               llvm::TargetMachine &machine) {
  llvm::SmallVector<llvm::IntrinsicInst *> calls;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    const llvm::TargetLowering &lowering =
        *machine.getSubtargetImpl(function)->getTargetLowering();
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : block) {
        auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
        unsigned node = call ? nodeOf(call->getIntrinsicID()) : 0;
        if (!node)
          continue;
        // A vector without the instruction is taken apart. What has several in its place does with fewer where the bound is known.
        llvm::EVT type = llvm::EVT::getEVT(call->getType()->getScalarType());
        if (isRelu(*call) ? !lowering.isOperationLegal(node, type) : !lowering.isOperationLegalOrCustom(node, type))
          calls.push_back(call);
      }
  }
  for (llvm::IntrinsicInst *call : calls) {
    call->replaceAllUsesWith(expand(*call));
    call->eraseFromParent();
  }
}
