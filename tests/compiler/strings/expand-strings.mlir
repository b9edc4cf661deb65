// RUN: ingot-opt --expand-strings %s | FileCheck %s

// A function comes with those that it calls, once, and takes another name where its own is taken.

// CHECK: func.func private @string_concat()
func.func private @string_concat()

// CHECK-LABEL: func.func @kernel
// CHECK-SAME: %[[X:.*]]: i64, %[[POOL:.*]]: memref<2xi64>
func.func @kernel(%x: i64, %pool: memref<2xi64>) -> i64 {
  // CHECK: %[[TWICE:.*]] = call @[[CONCAT:string_concat_[0-9]+]](%[[X]], %[[X]], %[[POOL]])
  // CHECK: call @[[CONCAT]](%[[TWICE]], %[[X]], %[[POOL]])
  %0 = ingot.string "string_concat"(%x, %x, %pool) {makes} : (i64, i64, memref<2xi64>) -> i64
  %1 = ingot.string "string_concat"(%0, %x, %pool) {makes} : (i64, i64, memref<2xi64>) -> i64
  return %1 : i64
}

// CHECK-DAG: func.func private @string_size(%{{.*}}: i64) -> i64 attributes {ingot.comment = ["bytes of a string"], ingot.math}
// CHECK-DAG: func.func private @string_new
// CHECK-DAG: func.func private @[[CONCAT]](%{{.*}}: i64, %{{.*}}: i64, %{{.*}}: memref<2xi64>) -> i64
// CHECK-NOT: func.func private @string_hash
