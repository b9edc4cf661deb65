// RUN: ingot-opt %s --plan-memory --split-input-file | FileCheck %s

// A chain: the last value is computed in the output, the weight is read from
// the segment, buffers are offsets into the arena.

// CHECK: module attributes
// CHECK-SAME: ingot.arena_bytes = 128 : i64
// CHECK-SAME: ingot.live_bytes = 80 : i64
// CHECK-SAME: ingot.weights = dense_resource<weights{{.*}}> : tensor<16xi8>
// CHECK: func.func @main(%[[X:[a-z0-9_]+]]: memref<4xf32> {ingot.name = "x", ingot.shape = array<i64: 2, 2>},
// CHECK-SAME: %[[Y:[a-z0-9_]+]]: memref<4xf32> {ingot.name = "y", ingot.output, ingot.shape = array<i64: 2, 2>},
// CHECK-SAME: %[[A:[a-z0-9_]+]]: memref<128xi8> {ingot.arena}, %[[W:[a-z0-9_]+]]: memref<16xi8> {ingot.weights}) -> i32
// CHECK-DAG: %[[WV:[a-z0-9_]+]] = memref.view %[[W]][%c0]
// CHECK-DAG: %[[T:[a-z0-9_]+]] = memref.view %[[A]][%c{{.*}}][] : memref<128xi8> to memref<4xf32>
// CHECK-DAG: %[[S:[a-z0-9_]+]] = memref.view %[[A]][%c{{.*}}][] : memref<128xi8> to memref<64xi8>
// CHECK: call @add(%[[X]], %[[WV]], %[[T]], %[[S]])
// CHECK: call @relu(%[[T]], %[[Y]])
// CHECK: return %c0_i32
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<2x2xf32> {ingot.name = "x"}) -> (tensor<2x2xf32> {ingot.name = "y"}) {
    %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %0 = tensor.collapse_shape %x [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>
    %1 = ingot.launch @add(%0, %w) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %2 = ingot.launch @relu(%1) : (tensor<4xf32>) -> tensor<4xf32>
    %3 = tensor.expand_shape %2 [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
    return %3 : tensor<2x2xf32>
  }
  func.func private @add(memref<4xf32>, memref<4xf32>, memref<4xf32>, memref<64xi8>) attributes {ingot.kernel, ingot.scratch = 64 : i64}
  func.func private @relu(memref<4xf32>, memref<4xf32>) attributes {ingot.kernel}
}

// -----

// An input and a constant that are returned are copied; a value that is
// returned twice is computed once.

// CHECK: module attributes
// CHECK: func.func @main(%[[X:[a-z0-9_]+]]: memref<4xf32> {{.*}}, %[[Y0:[^:]*]]: memref<4xf32> {{.*}}, %[[Y1:[^:]*]]: memref<4xf32> {{.*}}, %[[Y2:[^:]*]]: memref<4xf32> {{.*}}, %[[Y3:[^:]*]]: memref<4xf32> {{.*}}, %{{.*}}: memref<0xi8> {ingot.arena}
// CHECK: %[[W:[a-z0-9_]+]] = memref.view
// CHECK: call @relu(%[[X]], %[[Y2]])
// CHECK: call @copy_4xf32(%[[X]], %[[Y0]])
// CHECK: call @copy_4xf32(%[[W]], %[[Y1]])
// CHECK: call @copy_4xf32(%[[Y2]], %[[Y3]])
// CHECK: func.func private @copy_4xf32
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<4xf32>
module attributes {ingot.target = "x86-64-v1"} {
  func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %1 = ingot.launch @relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
    return %x, %w, %1, %1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  func.func private @relu(memref<4xf32>, memref<4xf32>) attributes {ingot.kernel}
}

// -----

// Both branches write the joined value's buffer, which is the output; a branch
// that yields a value from outside copies it. The status word is first.

// CHECK: module attributes
// CHECK: func.func @main(%[[X:[a-z0-9_]+]]: memref<4xf32> {{.*}}, %[[C:[^:]*]]: memref<1xi1> {{.*}}, %[[Y:[^:]*]]: memref<4xf32>
// CHECK: %[[S:[a-z0-9_]+]] = memref.view %{{.*}}[%c0][] : memref<64xi8> to memref<1xi32>
// CHECK: memref.store %c0_i32, %[[S]][%c0]
// CHECK: %[[COND:[a-z0-9_]+]] = memref.load %[[C]][%c0]
// CHECK: scf.if %[[COND]] {
// CHECK:   call @gather(%[[X]], %[[Y]], %[[S]])
// CHECK: } else {
// CHECK:   call @copy_4xf32(%[[X]], %[[Y]])
// CHECK: }
// CHECK: %[[R:[a-z0-9_]+]] = memref.load %[[S]][%c0]
// CHECK: return %[[R]] : i32
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<4xf32>, %c: tensor<i1>) -> tensor<4xf32> {
    %cond = tensor.extract %c[] : tensor<i1>
    %r = scf.if %cond -> tensor<4xf32> {
      %0 = ingot.launch @gather(%x) : (tensor<4xf32>) -> tensor<4xf32>
      scf.yield %0 : tensor<4xf32>
    } else {
      scf.yield %x : tensor<4xf32>
    }
    return %r : tensor<4xf32>
  }
  func.func private @gather(memref<4xf32>, memref<4xf32>, memref<1xi32>) attributes {ingot.kernel, ingot.checked}
}

// -----

// A loop whose next value needs the current one gets a buffer for it and a
// copy; in-place functions save both.

// CHECK: module attributes
// CHECK: func.func @main(%[[X:[a-z0-9_]+]]: memref<4xf32> {{.*}}, %[[Y0:[^:]*]]: memref<4xf32> {{.*}}, %[[Y1:[^:]*]]: memref<4xf32>
// CHECK: %[[T:[a-z0-9_]+]] = memref.view
// CHECK: call @copy_4xf32(%[[X]], %[[Y0]])
// CHECK: call @copy_4xf32(%[[X]], %[[Y1]])
// CHECK: scf.for
// CHECK-NEXT: call @step(%[[Y0]], %[[T]])
// CHECK-NEXT: call @inplace(%[[Y1]], %[[Y1]])
// CHECK-NEXT: call @copy_4xf32(%[[T]], %[[Y0]])
// CHECK-NEXT: }
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c9 = arith.constant 9 : index
    %r:2 = scf.for %i = %c0 to %c9 step %c1 iter_args(%a = %x, %b = %x) -> (tensor<4xf32>, tensor<4xf32>) {
      %0 = ingot.launch @step(%a) : (tensor<4xf32>) -> tensor<4xf32>
      %1 = ingot.launch @inplace(%b) : (tensor<4xf32>) -> tensor<4xf32>
      scf.yield %0, %1 : tensor<4xf32>, tensor<4xf32>
    }
    return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
  }
  func.func private @step(memref<4xf32>, memref<4xf32>) attributes {ingot.kernel}
  func.func private @inplace(memref<4xf32>, memref<4xf32>) attributes {ingot.kernel, ingot.inplace = [[0, 0]]}
}

// -----

// Values that are swapped go through a copy, and what a loop reads from before
// it keeps its place.

// CHECK: module attributes
// CHECK-SAME: ingot.arena_bytes = 128
// CHECK: call @relu(%{{.*}}, %[[K:[a-z0-9_]+]])
// CHECK: scf.for
// CHECK: call @copy_4xf32(%[[B:[a-z0-9_]+]], %[[S:[a-z0-9_]+]])
// CHECK: call @copy_4xf32(%[[A:[a-z0-9_]+]], %[[S2:[a-z0-9_]+]])
// CHECK: call @copy_4xf32(%[[S]], %[[A]])
// CHECK: call @copy_4xf32(%[[S2]], %[[B]])
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c9 = arith.constant 9 : index
    %k = ingot.launch @relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
    %r:2 = scf.for %i = %c0 to %c9 step %c1 iter_args(%a = %k, %b = %y) -> (tensor<4xf32>, tensor<4xf32>) {
      scf.yield %b, %a : tensor<4xf32>, tensor<4xf32>
    }
    return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
  }
  func.func private @relu(memref<4xf32>, memref<4xf32>) attributes {ingot.kernel}
}

// -----

// Equal constants are stored once; a large splat is written by a kernel.

// CHECK: module attributes
// CHECK-SAME: ingot.weights = dense_resource<weights{{.*}}> : tensor<80xi8>
// CHECK: call @fill_1048576xf32(%[[F:[a-z0-9_]+]])
// CHECK: call @use(%[[F]], %[[W:[a-z0-9_]+]], %[[V:[a-z0-9_]+]], %[[W]], %{{.*}})
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main() -> tensor<4xf32> {
    %s = arith.constant dense<1.5> : tensor<1048576xf32>
    %a = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %b = arith.constant dense<[1.0, 2.0, 3.0, 5.0]> : tensor<4xf32>
    %c = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
    %d = tensor.collapse_shape %c [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>
    %r = ingot.launch @use(%s, %a, %b, %d) : (tensor<1048576xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
  func.func private @use(memref<1048576xf32>, memref<4xf32>, memref<4xf32>, memref<4xf32>, memref<4xf32>) attributes {ingot.kernel}
}

// -----

// The pool of strings stands behind the status word at the arena's start: where it is free, where it ends, and its bytes. What did not fit is said at the end.

// CHECK: ingot.arena_bytes = 4224
// CHECK: func.func @main
// CHECK: %[[BYTES:.*]] = memref.view %{{.*}}[%c64][] : memref<4224xi8> to memref<4096xi8>
// CHECK: %[[POOL:.*]] = memref.view %{{.*}}[%c16][] : memref<4224xi8> to memref<2xi64>
// CHECK: %[[BEGIN:.*]] = ingot.address %[[BYTES]]
// CHECK: memref.store %[[BEGIN]], %[[POOL]]
// CHECK: call @join(%{{.*}}, %{{.*}}, %[[POOL]])
// CHECK: %[[FREE:.*]] = memref.load %[[POOL]][%c0]
// CHECK: %[[FULL:.*]] = arith.cmpi sgt, %[[FREE]]
// CHECK: %[[STATUS:.*]] = arith.select %[[FULL]], %c5_i32
// CHECK: return %[[STATUS]]
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<3x2xi64> {ingot.name = "x", ingot.type = "string"}) -> (tensor<3xi1>) {
    %h = ingot.launch @join(%x) : (tensor<3x2xi64>) -> tensor<3xi64>
    %r = ingot.launch @test(%h) : (tensor<3xi64>) -> tensor<3xi1>
    return %r : tensor<3xi1>
  }
  func.func private @join(memref<6xi64>, memref<3xi64>, memref<2xi64>) attributes {ingot.kernel, ingot.pool}
  func.func private @test(memref<3xi64>, memref<3xi1>) attributes {ingot.kernel}
}

// -----

// A loop that does nothing once a flag that it carries is false ends there.

// CHECK: func.func @main(%{{.*}}: memref<4xf32> {{.*}}, %[[GO:[a-z0-9_]+]]: memref<1xi1>
// CHECK: call @copy_1xi1(%[[GO]], %[[FLAG:[a-z0-9_]+]])
// CHECK: scf.while (%[[I:.*]] = %{{.*}}) : (index) -> index
// CHECK-DAG: arith.cmpi slt, %[[I]], %{{.*}} : index
// CHECK-DAG: memref.load %[[FLAG]]
// CHECK: scf.condition
// CHECK: scf.if
// CHECK: call @step
// CHECK: scf.yield
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<4xf32>, %go: tensor<i1>) -> tensor<4xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %most = arith.constant 9223372036854775807 : index
    %r:2 = scf.for %i = %c0 to %most step %c1 iter_args(%on = %go, %a = %x) -> (tensor<i1>, tensor<4xf32>) {
      %tested = tensor.extract %on[] : tensor<i1>
      %s:2 = scf.if %tested -> (tensor<i1>, tensor<4xf32>) {
        %0:2 = ingot.launch @step(%a) : (tensor<4xf32>) -> (tensor<i1>, tensor<4xf32>)
        scf.yield %0#0, %0#1 : tensor<i1>, tensor<4xf32>
      } else {
        scf.yield %on, %a : tensor<i1>, tensor<4xf32>
      }
      scf.yield %s#0, %s#1 : tensor<i1>, tensor<4xf32>
    }
    return %r#1 : tensor<4xf32>
  }
  func.func private @step(memref<4xf32>, memref<1xi1>, memref<4xf32>) attributes {ingot.kernel}
}

// -----

// One that goes on counting meanwhile does not.

// CHECK: func.func @main
// CHECK-NOT: scf.while
// CHECK: scf.for
module attributes {ingot.target = "x86-64-v3"} {
  func.func @main(%x: tensor<4xf32>, %go: tensor<i1>) -> tensor<4xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c9 = arith.constant 9 : index
    %r:2 = scf.for %i = %c0 to %c9 step %c1 iter_args(%on = %go, %a = %x) -> (tensor<i1>, tensor<4xf32>) {
      %tested = tensor.extract %on[] : tensor<i1>
      %s = scf.if %tested -> (tensor<4xf32>) {
        %0 = ingot.launch @step(%a) : (tensor<4xf32>) -> tensor<4xf32>
        scf.yield %0 : tensor<4xf32>
      } else {
        scf.yield %x : tensor<4xf32>
      }
      scf.yield %on, %s : tensor<i1>, tensor<4xf32>
    }
    return %r#1 : tensor<4xf32>
  }
  func.func private @step(memref<4xf32>, memref<4xf32>) attributes {ingot.kernel}
}
