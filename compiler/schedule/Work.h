//===- Work.h - what a kernel has to do at the least ----------------------===//
#ifndef INGOT_COMPILER_SCHEDULE_WORK_H
#define INGOT_COMPILER_SCHEDULE_WORK_H

#include "dialects/ingot/IngotDialect.h"

namespace ingot {

/// Of one call; what depends on open sizes counts nothing.
struct Work {
  /// Additions, multiplications and the like on floats, a multiply-add being two, an elementary function one. What fusion computes more than
  /// once counts once.
  int64_t operations = 0;
  /// The same of integers, those that compute addresses left out.
  int64_t integerOperations = 0;
  /// Bytes of memory that every way of computing the kernel reads and writes: each element that it uses of an operand once, each of a result once.
  int64_t bytes = 0;
};

Work workOf(KernelOp kernel);

} // namespace ingot

#endif
