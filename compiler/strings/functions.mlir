// The functions of strings, which expand-strings adds to a module that uses them. A string is a handle, an i64:
//
//   0      the empty string
//   even   the address of a view, 16 bytes: the address of the bytes and their number, as runtime-min's ingot_string has them
//   odd    one more than the address of a number of four bytes that the bytes follow
//
// Addresses have 64 bits on all machines; of those with 32 the upper half does not count. The pool is two addresses: where it is free, and where it ends. Values keep their names
// in printed code, and `ingot.comment` is the function's comment there.

func.func private @string_size(%text: i64) -> i64 attributes {ingot.comment = ["bytes of a string"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %eight = arith.constant 8 : i64
  %low_bit = arith.andi %text, %one : i64
  %follows = arith.cmpi ne, %low_bit, %zero : i64
  %some = arith.cmpi ne, %text, %zero : i64
  %size = scf.if %follows -> i64 {
    %before = arith.subi %text, %one : i64
    %number = ingot.peek %before : i32
    %wide = arith.extui %number : i32 to i64
    scf.yield %wide : i64
  } else {
    %viewed = scf.if %some -> i64 {
      %behind = arith.addi %text, %eight : i64
      %number = ingot.peek %behind : i64
      scf.yield %number : i64
    } else {
      scf.yield %zero : i64
    }
    scf.yield %viewed : i64
  }
  return %size : i64
}

func.func private @string_data(%text: i64) -> i64 attributes {ingot.comment = ["address of a string's bytes"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %three = arith.constant 3 : i64
  %low_bit = arith.andi %text, %one : i64
  %follows = arith.cmpi ne, %low_bit, %zero : i64
  %some = arith.cmpi ne, %text, %zero : i64
  %data = scf.if %follows -> i64 {
    %behind = arith.addi %text, %three : i64
    scf.yield %behind : i64
  } else {
    %viewed = scf.if %some -> i64 {
      %address = ingot.peek %text : i64
      scf.yield %address : i64
    } else {
      scf.yield %zero : i64
    }
    scf.yield %viewed : i64
  }
  return %data : i64
}

func.func private @string_equal(%x: i64, %y: i64) -> i1 attributes {ingot.comment = ["whether two strings have the same bytes"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %none = arith.constant 0 : i8
  %size = func.call @string_size(%x) : (i64) -> i64
  %other_size = func.call @string_size(%y) : (i64) -> i64
  %data = func.call @string_data(%x) : (i64) -> i64
  %other_data = func.call @string_data(%y) : (i64) -> i64
  %same_size = arith.cmpi eq, %size, %other_size : i64
  %count = arith.select %same_size, %size, %zero : i64
  %difference = scf.for %i = %zero to %count step %one iter_args(%found = %none) -> (i8) : i64 {
    %at = arith.addi %data, %i : i64
    %byte = ingot.peek %at : i8
    %other_at = arith.addi %other_data, %i : i64
    %other_byte = ingot.peek %other_at : i8
    %here = arith.xori %byte, %other_byte : i8
    %next = arith.ori %found, %here : i8
    scf.yield %next : i8
  }
  %same_bytes = arith.cmpi eq, %difference, %none : i8
  %equal = arith.andi %same_size, %same_bytes : i1
  return %equal : i1
}

func.func private @string_hash(%text: i64, %seed: i64) -> i64 attributes {ingot.comment = ["a number that tells strings apart: FNV-1a, and its bits mixed"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %prime = arith.constant 1099511628211 : i64
  %half = arith.constant 32 : i64
  %mixer = arith.constant -7046029254386353131 : i64
  %size = func.call @string_size(%text) : (i64) -> i64
  %data = func.call @string_data(%text) : (i64) -> i64
  %sum = scf.for %i = %zero to %size step %one iter_args(%hash = %seed) -> (i64) : i64 {
    %at = arith.addi %data, %i : i64
    %byte = ingot.peek %at : i8
    %wide = arith.extui %byte : i8 to i64
    %mixed = arith.xori %hash, %wide : i64
    %next = arith.muli %mixed, %prime : i64
    scf.yield %next : i64
  }
  %upper = arith.shrui %sum, %half : i64
  %folded = arith.xori %sum, %upper : i64
  %spread = arith.muli %folded, %mixer : i64
  %top = arith.shrui %spread, %half : i64
  %result = arith.xori %spread, %top : i64
  return %result : i64
}

func.func private @string_new(%size: i64, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["a new string of the pool, its bytes still to be written; 0 where it has no room"]} {
  %here = arith.constant 0 : index
  %there = arith.constant 1 : index
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %most = arith.constant 2147483647 : i64
  %rounding = arith.constant 11 : i64
  %units = arith.constant -8 : i64
  %free = memref.load %pool[%here] : memref<2xi64>
  %end = memref.load %pool[%there] : memref<2xi64>
  // What is larger never fits, and does not count for more, so that nothing overflows.
  %small = arith.minsi %size, %most : i64
  %bytes = arith.addi %small, %rounding : i64
  %rounded = arith.andi %bytes, %units : i64
  %after = arith.addi %free, %rounded : i64
  memref.store %after, %pool[%here] : memref<2xi64>
  %inside = arith.cmpi sle, %after, %end : i64
  %countable = arith.cmpi slt, %size, %most : i64
  %fits = arith.andi %inside, %countable : i1
  %made = scf.if %fits -> i64 {
    %number = arith.trunci %size : i64 to i32
    ingot.poke %number, %free : i32
    %handle = arith.addi %free, %one : i64
    scf.yield %handle : i64
  } else {
    scf.yield %zero : i64
  }
  return %made : i64
}

func.func private @string_view(%data: i64, %size: i64, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["a string of bytes that are there already; 0 where the pool has no room for the view"]} {
  %here = arith.constant 0 : index
  %there = arith.constant 1 : index
  %zero = arith.constant 0 : i64
  %eight = arith.constant 8 : i64
  %view_bytes = arith.constant 16 : i64
  %free = memref.load %pool[%here] : memref<2xi64>
  %end = memref.load %pool[%there] : memref<2xi64>
  %after = arith.addi %free, %view_bytes : i64
  memref.store %after, %pool[%here] : memref<2xi64>
  %fits = arith.cmpi sle, %after, %end : i64
  %made = scf.if %fits -> i64 {
    ingot.poke %data, %free : i64
    %behind = arith.addi %free, %eight : i64
    ingot.poke %size, %behind : i64
    scf.yield %free : i64
  } else {
    scf.yield %zero : i64
  }
  return %made : i64
}

func.func private @string_copy(%to: i64, %text: i64) -> i64 attributes {ingot.comment = ["writes a string's bytes to an address; gives the address behind them"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %size = func.call @string_size(%text) : (i64) -> i64
  %data = func.call @string_data(%text) : (i64) -> i64
  scf.for %i = %zero to %size step %one : i64 {
    %from = arith.addi %data, %i : i64
    %byte = ingot.peek %from : i8
    %at = arith.addi %to, %i : i64
    ingot.poke %byte, %at : i8
  }
  %end = arith.addi %to, %size : i64
  return %end : i64
}

func.func private @string_concat(%x: i64, %y: i64, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["one string behind the other"]} {
  %zero = arith.constant 0 : i64
  %three = arith.constant 3 : i64
  %size = func.call @string_size(%x) : (i64) -> i64
  %other_size = func.call @string_size(%y) : (i64) -> i64
  %both = arith.addi %size, %other_size : i64
  %made = func.call @string_new(%both, %pool) : (i64, memref<2xi64>) -> i64
  %fits = arith.cmpi ne, %made, %zero : i64
  %written = scf.if %fits -> i64 {
    %begin = arith.addi %made, %three : i64
    %middle = func.call @string_copy(%begin, %x) : (i64, i64) -> i64
    %end = func.call @string_copy(%middle, %y) : (i64, i64) -> i64
    scf.yield %end : i64
  } else {
    scf.yield %zero : i64
  }
  return %made : i64
}

func.func private @string_matches(%text: i64, %classes: i64, %states: i64, %width: i64) -> i1 attributes {ingot.comment = ["whether an automaton accepts a string: from state s by byte c to states[s * width + classes[c]], the last of", "each state's numbers says whether a string may end there"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %four = arith.constant 4 : i64
  %never = arith.constant 0 : i32
  %size = func.call @string_size(%text) : (i64) -> i64
  %data = func.call @string_data(%text) : (i64) -> i64
  %last = scf.for %i = %zero to %size step %one iter_args(%state = %one) -> (i64) : i64 {
    %at = arith.addi %data, %i : i64
    %byte = ingot.peek %at : i8
    %wide = arith.extui %byte : i8 to i64
    %class_at = arith.addi %classes, %wide : i64
    %class = ingot.peek %class_at : i8
    %column = arith.extui %class : i8 to i64
    %row = arith.muli %state, %width : i64
    %place = arith.addi %row, %column : i64
    %offset = arith.muli %place, %four : i64
    %next_at = arith.addi %states, %offset : i64
    %next = ingot.peek %next_at : i32
    %next_state = arith.extui %next : i32 to i64
    scf.yield %next_state : i64
  }
  %following = arith.addi %last, %one : i64
  %row_end = arith.muli %following, %width : i64
  %end_place = arith.subi %row_end, %one : i64
  %end_offset = arith.muli %end_place, %four : i64
  %end_at = arith.addi %states, %end_offset : i64
  %accepts = ingot.peek %end_at : i32
  %matches = arith.cmpi ne, %accepts, %never : i32
  return %matches : i1
}

func.func private @string_to_integer(%text: i64) -> i64 attributes {ingot.comment = ["the whole number that a string of an optional sign and digits says; what follows them does not count"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %nine = arith.constant 9 : i64
  %ten = arith.constant 10 : i64
  %minus = arith.constant 45 : i64
  %plus = arith.constant 43 : i64
  %first_digit = arith.constant 48 : i64
  %size = func.call @string_size(%text) : (i64) -> i64
  %data = func.call @string_data(%text) : (i64) -> i64
  %some = arith.cmpi sgt, %size, %zero : i64
  %first = scf.if %some -> i64 {
    %first_byte = ingot.peek %data : i8
    %wide_first = arith.extui %first_byte : i8 to i64
    scf.yield %wide_first : i64
  } else {
    scf.yield %zero : i64
  }
  %is_minus = arith.cmpi eq, %first, %minus : i64
  %is_plus = arith.cmpi eq, %first, %plus : i64
  %is_sign = arith.ori %is_minus, %is_plus : i1
  %begin = arith.extui %is_sign : i1 to i64
  // The scale is 10 as long as digits come, then 0.
  %scale, %number = scf.for %i = %begin to %size step %one iter_args(%going = %ten, %sum = %zero) -> (i64, i64) : i64 {
    %at = arith.addi %data, %i : i64
    %byte = ingot.peek %at : i8
    %wide = arith.extui %byte : i8 to i64
    %digit = arith.subi %wide, %first_digit : i64
    %is_digit = arith.cmpi ule, %digit, %nine : i64
    %next_scale = arith.select %is_digit, %going, %zero : i64
    %goes_on = arith.cmpi ne, %next_scale, %zero : i64
    %shifted = arith.muli %sum, %ten : i64
    %longer = arith.addi %shifted, %digit : i64
    %next = arith.select %goes_on, %longer, %sum : i64
    scf.yield %next_scale, %next : i64, i64
  }
  %negative = arith.subi %zero, %number : i64
  %result = arith.select %is_minus, %negative, %number : i64
  return %result : i64
}

func.func private @string_of_digits(%magnitude: i64, %negative: i1, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["an unsigned number in decimals, with a minus where it is to be negative"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %ten = arith.constant 10 : i64
  %most_digits = arith.constant 20 : i64
  %three = arith.constant 3 : i64
  %first_digit = arith.constant 48 : i64
  %minus = arith.constant 45 : i8
  %rest, %digits = scf.for %i = %zero to %most_digits step %one iter_args(%left = %magnitude, %count = %zero) -> (i64, i64) : i64 {
    %any = arith.cmpi ne, %left, %zero : i64
    %more = arith.extui %any : i1 to i64
    %next_count = arith.addi %count, %more : i64
    %next = arith.divui %left, %ten : i64
    scf.yield %next, %next_count : i64, i64
  }
  %shown = arith.maxsi %digits, %one : i64
  %sign = arith.extui %negative : i1 to i64
  %size = arith.addi %shown, %sign : i64
  %made = func.call @string_new(%size, %pool) : (i64, memref<2xi64>) -> i64
  %fits = arith.cmpi ne, %made, %zero : i64
  scf.if %fits {
    %begin = arith.addi %made, %three : i64
    scf.if %negative {
      ingot.poke %minus, %begin : i8
    }
    %end = arith.addi %begin, %size : i64
    %done = scf.for %k = %zero to %shown step %one iter_args(%remaining = %magnitude) -> (i64) : i64 {
      %quotient = arith.divui %remaining, %ten : i64
      %whole = arith.muli %quotient, %ten : i64
      %digit = arith.subi %remaining, %whole : i64
      %character = arith.addi %digit, %first_digit : i64
      %byte = arith.trunci %character : i64 to i8
      %behind = arith.subi %end, %k : i64
      %at = arith.subi %behind, %one : i64
      ingot.poke %byte, %at : i8
      scf.yield %quotient : i64
    }
  }
  return %made : i64
}

func.func private @string_of_unsigned(%number: i64, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["an unsigned number in decimals"]} {
  %no = arith.constant false
  %made = func.call @string_of_digits(%number, %no, %pool) : (i64, i1, memref<2xi64>) -> i64
  return %made : i64
}

func.func private @string_of_integer(%number: i64, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["a number in decimals"]} {
  %zero = arith.constant 0 : i64
  %negative = arith.cmpi slt, %number, %zero : i64
  %opposite = arith.subi %zero, %number : i64
  %magnitude = arith.select %negative, %opposite, %number : i64
  %made = func.call @string_of_digits(%magnitude, %negative, %pool) : (i64, i1, memref<2xi64>) -> i64
  return %made : i64
}

// Pieces of a string lie between edges: the begin and the end of the first one are the edges 0 and 1. A function that finds one gives its place, -1 where there is none, and the number
// of all edges where asked for edge -1.

func.func private @string_edge(%text: i64, %delimiter: i64, %most: i64, %wanted: i64) -> i64 attributes {ingot.comment = ["an edge of the pieces between delimiters, of which the first `most` part the string"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %nowhere = arith.constant -1 : i64
  %none = arith.constant 0 : i8
  %size = func.call @string_size(%text) : (i64) -> i64
  %data = func.call @string_data(%text) : (i64) -> i64
  %length = func.call @string_size(%delimiter) : (i64) -> i64
  %parting = func.call @string_data(%delimiter) : (i64) -> i64
  %is_first = arith.cmpi eq, %wanted, %zero : i64
  %start = arith.select %is_first, %zero, %nowhere : i64
  %count, %found, %free = scf.for %i = %zero to %size step %one iter_args(%edges = %one, %place = %start, %next_free = %zero) -> (i64, i64, i64) : i64 {
    %behind = arith.addi %i, %length : i64
    %inside = arith.cmpi sle, %behind, %size : i64
    %is_free = arith.cmpi sge, %i, %next_free : i64
    %splits = arith.shrui %edges, %one : i64
    %may = arith.cmpi slt, %splits, %most : i64
    %open = arith.andi %inside, %is_free : i1
    %able = arith.andi %open, %may : i1
    %compared = arith.select %able, %length, %zero : i64
    %difference = scf.for %k = %zero to %compared step %one iter_args(%differs = %none) -> (i8) : i64 {
      %from = arith.addi %data, %i : i64
      %at = arith.addi %from, %k : i64
      %byte = ingot.peek %at : i8
      %other_at = arith.addi %parting, %k : i64
      %other_byte = ingot.peek %other_at : i8
      %here = arith.xori %byte, %other_byte : i8
      %both = arith.ori %differs, %here : i8
      scf.yield %both : i8
    }
    %same = arith.cmpi eq, %difference, %none : i8
    %parts = arith.andi %able, %same : i1
    %end_hit = arith.cmpi eq, %edges, %wanted : i64
    %after = arith.addi %edges, %one : i64
    %begin_hit = arith.cmpi eq, %after, %wanted : i64
    %at_end = arith.select %end_hit, %i, %place : i64
    %at_begin = arith.select %begin_hit, %behind, %at_end : i64
    %more_edges = arith.addi %edges, %two : i64
    %new_edges = arith.select %parts, %more_edges, %edges : i64
    %new_place = arith.select %parts, %at_begin, %place : i64
    %new_free = arith.select %parts, %behind, %next_free : i64
    scf.yield %new_edges, %new_place, %new_free : i64, i64, i64
  }
  %is_last = arith.cmpi eq, %count, %wanted : i64
  %edge = arith.select %is_last, %size, %found : i64
  %all = arith.addi %count, %one : i64
  %asks_all = arith.cmpi slt, %wanted, %zero : i64
  %result = arith.select %asks_all, %all, %edge : i64
  return %result : i64
}

func.func private @string_word_edge(%text: i64, %most: i64, %wanted: i64) -> i64 attributes {ingot.comment = ["an edge of the words between white space, of which the first `most` words end there and the next one with the string"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %nowhere = arith.constant -1 : i64
  %space = arith.constant 32 : i64
  %tab = arith.constant 9 : i64
  %controls = arith.constant 4 : i64
  %size = func.call @string_size(%text) : (i64) -> i64
  %data = func.call @string_data(%text) : (i64) -> i64
  // Of the number of edges the lowest bit says whether a word has begun.
  %count, %found = scf.for %i = %zero to %size step %one iter_args(%edges = %zero, %place = %nowhere) -> (i64, i64) : i64 {
    %at = arith.addi %data, %i : i64
    %byte = ingot.peek %at : i8
    %wide = arith.extui %byte : i8 to i64
    %is_space = arith.cmpi eq, %wide, %space : i64
    %from_tab = arith.subi %wide, %tab : i64
    %is_control = arith.cmpi ule, %from_tab, %controls : i64
    %is_white = arith.ori %is_space, %is_control : i1
    %in_word = arith.andi %edges, %one : i64
    %white = arith.extui %is_white : i1 to i64
    // A word begins where none has and this is no white space, and ends where one has and this is.
    %changes = arith.cmpi eq, %in_word, %white : i64
    %words = arith.shrui %edges, %one : i64
    %may_end = arith.cmpi slt, %words, %most : i64
    %is_begin = arith.cmpi eq, %in_word, %zero : i64
    %may = arith.ori %may_end, %is_begin : i1
    %is_edge = arith.andi %changes, %may : i1
    %hit = arith.cmpi eq, %edges, %wanted : i64
    %here = arith.select %hit, %i, %place : i64
    %more = arith.extui %is_edge : i1 to i64
    %new_edges = arith.addi %edges, %more : i64
    %new_place = arith.select %is_edge, %here, %place : i64
    scf.yield %new_edges, %new_place : i64, i64
  }
  %open = arith.andi %count, %one : i64
  %is_open = arith.cmpi ne, %open, %zero : i64
  %is_next = arith.cmpi eq, %count, %wanted : i64
  %is_last = arith.andi %is_open, %is_next : i1
  %edge = arith.select %is_last, %size, %found : i64
  %all = arith.addi %count, %open : i64
  %asks_all = arith.cmpi slt, %wanted, %zero : i64
  %result = arith.select %asks_all, %all, %edge : i64
  return %result : i64
}

func.func private @string_part(%text: i64, %begin: i64, %end: i64, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["the bytes of a string from begin to end; the empty string where begin is negative"]} {
  %zero = arith.constant 0 : i64
  %data = func.call @string_data(%text) : (i64) -> i64
  %size = arith.subi %end, %begin : i64
  %some = arith.cmpi sgt, %size, %zero : i64
  %inside = arith.cmpi sge, %begin, %zero : i64
  %exists = arith.andi %some, %inside : i1
  %part = scf.if %exists -> i64 {
    %from = arith.addi %data, %begin : i64
    %made = func.call @string_view(%from, %size, %pool) : (i64, i64, memref<2xi64>) -> i64
    scf.yield %made : i64
  } else {
    scf.yield %zero : i64
  }
  return %part : i64
}

func.func private @string_case(%text: i64, %table: i64, %rows: i64, %pool: memref<2xi64>) -> i64 attributes {ingot.comment = ["a string of UTF-8 in the other case: each row of the table has the first and the last character that it is for, every", "how many it is for one, and what to add; bytes that are no UTF-8 stay"]} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  %two = arith.constant 2 : i64
  %three = arith.constant 3 : i64
  %four = arith.constant 4 : i64
  %eight = arith.constant 8 : i64
  %twelve = arith.constant 12 : i64
  %row_bytes = arith.constant 16 : i64
  %low6 = arith.constant 63 : i64
  %c80 = arith.constant 128 : i64
  %cc0 = arith.constant 192 : i64
  %ce0 = arith.constant 224 : i64
  %cf0 = arith.constant 240 : i64
  %cf8 = arith.constant 248 : i64
  %limit2 = arith.constant 2048 : i64
  %limit3 = arith.constant 65536 : i64
  %six = arith.constant 6 : i64
  %size = func.call @string_size(%text) : (i64) -> i64
  %data = func.call @string_data(%text) : (i64) -> i64
  // No character grows from two bytes to more than three.
  %half = arith.shrui %size, %one : i64
  %bound = arith.addi %size, %half : i64
  %made = func.call @string_new(%bound, %pool) : (i64, memref<2xi64>) -> i64
  %fits = arith.cmpi ne, %made, %zero : i64
  scf.if %fits {
    %begin = arith.addi %made, %three : i64
    %end, %read = scf.for %i = %zero to %size step %one iter_args(%to = %begin, %next = %zero) -> (i64, i64) : i64 {
      %is_next = arith.cmpi eq, %i, %next : i64
      %new_to, %new_next = scf.if %is_next -> (i64, i64) {
        %from = arith.addi %data, %i : i64
        %lead = ingot.peek %from : i8
        %first = arith.extui %lead : i8 to i64
        %is2 = arith.cmpi uge, %first, %cc0 : i64
        %is3 = arith.cmpi uge, %first, %ce0 : i64
        %is4 = arith.cmpi uge, %first, %cf0 : i64
        %no8 = arith.cmpi uge, %first, %cf8 : i64
        %length2 = arith.select %is2, %two, %one : i64
        %length3 = arith.select %is3, %three, %length2 : i64
        %length4 = arith.select %is4, %four, %length3 : i64
        %length_said = arith.select %no8, %one, %length4 : i64
        %said_end = arith.addi %i, %length_said : i64
        %cut = arith.cmpi sgt, %said_end, %size : i64
        %length = arith.select %cut, %one, %length_said : i64
        %mask2 = arith.constant 31 : i64
        %mask3 = arith.constant 15 : i64
        %mask4 = arith.constant 7 : i64
        %all_bits = arith.constant 255 : i64
        %l2 = arith.cmpi eq, %length, %two : i64
        %l3 = arith.cmpi eq, %length, %three : i64
        %l4 = arith.cmpi eq, %length, %four : i64
        %bits2 = arith.select %l2, %mask2, %all_bits : i64
        %bits3 = arith.select %l3, %mask3, %bits2 : i64
        %bits4 = arith.select %l4, %mask4, %bits3 : i64
        %high = arith.andi %first, %bits4 : i64
        %character = scf.for %k = %one to %length step %one iter_args(%code = %high) -> (i64) : i64 {
          %byte_at = arith.addi %from, %k : i64
          %byte = ingot.peek %byte_at : i8
          %wide = arith.extui %byte : i8 to i64
          %low = arith.andi %wide, %low6 : i64
          %shifted = arith.shli %code, %six : i64
          %longer = arith.ori %shifted, %low : i64
          scf.yield %longer : i64
        }
        // A byte of 128 and more that stands alone is no character.
        %is_byte = arith.cmpi eq, %length, %one : i64
        %is_high = arith.cmpi uge, %first, %c80 : i64
        %is_no = arith.andi %is_byte, %is_high : i1
        // The first row is ASCII's.
        %is_ascii = arith.cmpi slt, %character, %c80 : i64
        %ascii_rows = arith.select %is_ascii, %one, %rows : i64
        %searched = arith.select %is_no, %zero, %ascii_rows : i64
        %moved = scf.for %r = %zero to %searched step %one iter_args(%add = %zero) -> (i64) : i64 {
          %row = arith.muli %r, %row_bytes : i64
          %row_at = arith.addi %table, %row : i64
          %row_first = ingot.peek %row_at : i32
          %last_at = arith.addi %row_at, %four : i64
          %row_last = ingot.peek %last_at : i32
          %every_at = arith.addi %row_at, %eight : i64
          %row_every = ingot.peek %every_at : i32
          %delta_at = arith.addi %row_at, %twelve : i64
          %row_delta = ingot.peek %delta_at : i32
          %begin_at = arith.extui %row_first : i32 to i64
          %end_at = arith.extui %row_last : i32 to i64
          %every = arith.extui %row_every : i32 to i64
          %delta = arith.extsi %row_delta : i32 to i64
          %above = arith.cmpi sge, %character, %begin_at : i64
          %below = arith.cmpi sle, %character, %end_at : i64
          %away = arith.subi %character, %begin_at : i64
          %step_mask = arith.subi %every, %one : i64
          %off = arith.andi %away, %step_mask : i64
          %on = arith.cmpi eq, %off, %zero : i64
          %in_range = arith.andi %above, %below : i1
          %is_row = arith.andi %in_range, %on : i1
          %now = arith.select %is_row, %delta, %add : i64
          scf.yield %now : i64
        }
        %new_character = arith.addi %character, %moved : i64
        %small = arith.cmpi slt, %new_character, %c80 : i64
        %as_byte = arith.ori %small, %is_no : i1
        %needs3 = arith.cmpi sge, %new_character, %limit2 : i64
        %needs4 = arith.cmpi sge, %new_character, %limit3 : i64
        %new_length2 = arith.select %needs3, %three, %two : i64
        %new_length3 = arith.select %needs4, %four, %new_length2 : i64
        %new_length = arith.select %as_byte, %one, %new_length3 : i64
        %lead3 = arith.select %needs3, %ce0, %cc0 : i64
        %lead4 = arith.select %needs4, %cf0, %lead3 : i64
        %lead_bits = arith.select %as_byte, %zero, %lead4 : i64
        %left = scf.for %m = %one to %new_length step %one iter_args(%rest = %new_character) -> (i64) : i64 {
          %tail_low = arith.andi %rest, %low6 : i64
          %tail = arith.ori %tail_low, %c80 : i64
          %tail_byte = arith.trunci %tail : i64 to i8
          %from_end = arith.subi %new_length, %m : i64
          %tail_at = arith.addi %to, %from_end : i64
          ingot.poke %tail_byte, %tail_at : i8
          %shorter = arith.shrui %rest, %six : i64
          scf.yield %shorter : i64
        }
        %head = arith.ori %left, %lead_bits : i64
        %head_byte = arith.trunci %head : i64 to i8
        ingot.poke %head_byte, %to : i8
        %written = arith.addi %to, %new_length : i64
        %following = arith.addi %i, %length : i64
        scf.yield %written, %following : i64, i64
      } else {
        scf.yield %to, %next : i64, i64
      }
      scf.yield %new_to, %new_next : i64, i64
    }
    %true_size = arith.subi %end, %begin : i64
    %number = arith.trunci %true_size : i64 to i32
    %number_at = arith.subi %made, %one : i64
    ingot.poke %number, %number_at : i32
  }
  return %made : i64
}
