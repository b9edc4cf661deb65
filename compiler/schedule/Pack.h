//===- Pack.h - constants in the order in which loops read them -----------===//
#ifndef INGOT_COMPILER_SCHEDULE_PACK_H
#define INGOT_COMPILER_SCHEDULE_PACK_H

#include "compiler/schedule/Schedule.h"

namespace ingot {

/// Index of a packed input. Blocks of lanes lie one after the other; in a block, every step of the reduction holds the block's lanes:
/// [other dimensions][block][reduction][lane]. The last block has as many vectors as hold what is left, filled up with zeros.
/// The lane dimension's value is a block's first lane; a lane within the block counts one element.
/// Where the schedule sums `terms` steps of the innermost reduction at once, these lie side by side in each lane, and a lane counts as many
/// elements: [...][lane][term]. The last steps are filled up with zeros.
Linear packedIndex(const Nest &nest, const Schedule &schedule,
                   const Access &access, int64_t blockLanes);

/// Elements reordered to that order.
mlir::ElementsAttr packElements(const Nest &nest, const Schedule &schedule,
                                const Access &access,
                                mlir::ElementsAttr elements);

} // namespace ingot

#endif
