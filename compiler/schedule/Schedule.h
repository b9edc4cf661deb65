//===- Schedule.h - how a nest becomes loops ------------------------------===//
//
// A schedule is data, one for each nest of a kernel, in the kernel's attribute `schedule = {nests = [{...}, ...]}`. The cost model
// writes it, the expander reads it; anything else that writes it (a tuner, a checked-in file) is as good.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SCHEDULE_SCHEDULE_H
#define INGOT_COMPILER_SCHEDULE_SCHEDULE_H

#include "compiler/schedule/Nest.h"
#include "compiler/support/Target.h"

namespace ingot {

/// Dimensions are those of the nest's root.
struct Schedule {
  /// Lies across the lanes of vectors; -1: scalar code. A reduction here is
  /// summed lane by lane, and across the lanes in the end.
  int64_t lane = -1;
  /// Vectors of this many lanes, `vectors` of them side by side, make a block.
  int64_t width = 1;
  int64_t vectors = 1;
  /// `tileSize` points of this dimension stand in registers at once; -1: none. Of elementwise code: they follow each other before the next block of lanes, so that
  /// what one line of the cache holds is read at once.
  int64_t tile = -1;
  int64_t tileSize = 1;
  /// The points of this dimension and those of `tile` within it are walked as one row of points, so that a tile may begin in one row of an image and end in the
  /// next; -1: each point of it has tiles of its own.
  int64_t rows = -1;
  /// Of a reduction: blocks of lanes follow each other at each tile. Else all tiles of a block come before the next block.
  bool inOrder = false;
  /// Reduction dimensions whose loops are written out.
  llvm::SmallVector<int64_t> unroll;
  /// Steps of the innermost reduction loop that one iteration makes.
  int64_t step = 1;
  /// Neighbouring steps of the innermost reduction loop whose products one instruction sums (`ingot.dot`); 1: none.
  int64_t terms = 1;
  /// Long sums are sums of partial sums, which round less. This reduction
  /// dimension is split into steps of `splitSize`; -1: none.
  int64_t split = -1;
  int64_t splitSize = 1;
  /// So many of the outermost reduction loops add up what the loops within them summed.
  int64_t totals = 0;
  /// Threads may share the kernel by this dimension of its first nest (Sharing.h), in parts of at least `grain` units; -1: none.
  int64_t shared = -1;
  int64_t grain = 1;
  /// Inputs of the root that are constants, packed into the order in which the loops read them.
  llvm::SmallVector<int64_t> packed;

  mlir::DictionaryAttr toAttr(mlir::MLIRContext *context) const;
  static Schedule fromAttr(mlir::DictionaryAttr attr);

  /// Lanes of a full block.
  int64_t block() const { return width * vectors; }
};

/// Whether the dimensions are the nest's and the sizes such that code stays of a reasonable size. Nothing else may be asked of a schedule that comes from a file
/// before.
bool isWithin(const Nest &nest, const Schedule &schedule);

/// Vector widths that cover `lanes` lanes, widest first: no masks, no padding.
llvm::SmallVector<int64_t> coverLanes(int64_t lanes, int64_t width);
/// Whether sums of a block that is not full are made in whole vectors: all that depends on the lane is packed, with zeros at the end.
bool fillsLanes(const Nest &nest, const Schedule &schedule);
/// How many that are, of any number of lanes.
int64_t countCoveringVectors(int64_t lanes, int64_t width);

/// The module's attribute with schedules that a tuner measured: a dictionary from keys of kernels to what their attribute `schedule` shall be. choose-schedules takes
/// them from there.
inline constexpr const char *kSchedules = "ingot.schedules";
/// In one of these: the number of threads that it was measured with. Code for as many is shared as it says; for any other number that is chosen anew, and
/// everything else stays.
inline constexpr const char *kScheduleThreads = "threads";

/// A name for all kernels that compute the same from operands of the same types, of which the same are constants, for the same target: sixteen hexadecimal digits.
std::string keyOf(KernelOp kernel);

/// Of each of the kernel's buffers, whether its data is known at compile time.
llvm::SmallVector<bool> constantBuffers(KernelOp kernel, const KernelNests &nests);

/// The cost model: reads the nest and the target alone. `isConstant` tells of
/// each buffer whether its data is known at compile time.
Schedule chooseSchedule(const Nest &nest, llvm::ArrayRef<bool> isConstant,
                        const Target &target);

/// Other schedules that the nest can have, for a tuner to measure: by lane, by register tile, by vectors side by side; everything else as the cost model
/// chooses it for these. The model's own choice is the first.
std::vector<Schedule> alternativeSchedules(const Nest &nest, llvm::ArrayRef<bool> isConstant, const Target &target);

/// `terms` steps of the innermost reduction can be summed at once, two or four: the root sums products of two integers in 32 bits, of which one is packed by the
/// schedule and the other the same for all lanes. They have 16 bits or fewer; where four are summed the packed one has 8 and is signed. Or they are pairs of bfloat16,
/// the target has an instruction for these, and the lanes are at least four.
bool canSumTerms(const Nest &nest, const Schedule &schedule, int64_t terms, const Target &target);

/// Each four of the packed factor lie in the order 0, 2, 1, 3, since the other has 16 bits (`ingot.dot`).
bool isInterleaved(const Nest &nest, const Schedule &schedule);

/// Whether the root's input, a factor of such products, is widened without a sign.
bool isUnsignedFactor(const Nest &nest, unsigned input);

/// Each point of the dimension is a problem of its own: no operand of the root is common to two.
bool isBatch(const Nest &nest, unsigned dim);

/// Whether padding that loops skip depends on the dimension.
bool skipsPadding(const Nest &nest, unsigned dim);

/// Points of the tiled dimension, [first, second), at which no padding is read. None where sizes are not static.
std::pair<int64_t, int64_t> interior(const Nest &nest, int64_t dim);

/// Tiles may go along the points of `tile` within those of `rows`: all of them are known and read no padding, and their operands are the same for all lanes.
bool canWalkAsOne(const Nest &nest, int64_t lane, int64_t rows, int64_t tile);

} // namespace ingot

#endif
