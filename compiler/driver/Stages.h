//===- Stages.h - every pass of every stage -------------------------------===//
#ifndef INGOT_COMPILER_DRIVER_STAGES_H
#define INGOT_COMPILER_DRIVER_STAGES_H

namespace ingot {

/// Registers the passes of each folder that has a Passes.td, and the few of upstream that go between them.
void registerAllPasses();

} // namespace ingot

#endif
