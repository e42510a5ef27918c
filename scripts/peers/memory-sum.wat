;; How fast one thread reads memory: the sum of a stretch of it, in four accumulators of two lanes, as wasm SIMD.
(module
  (memory (export "memory") 1)
  ;; `bytes` is a multiple of 64.
  (func (export "sum") (param $at i32) (param $bytes i32) (result i64)
    (local $end i32) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (loop $next
      (local.set $a (i64x2.add (local.get $a) (v128.load (local.get $at))))
      (local.set $b (i64x2.add (local.get $b) (v128.load offset=16 (local.get $at))))
      (local.set $c (i64x2.add (local.get $c) (v128.load offset=32 (local.get $at))))
      (local.set $d (i64x2.add (local.get $d) (v128.load offset=48 (local.get $at))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (local.get $end))))
    (local.set $a (i64x2.add (i64x2.add (local.get $a) (local.get $b)) (i64x2.add (local.get $c) (local.get $d))))
    (i64.add (i64x2.extract_lane 0 (local.get $a)) (i64x2.extract_lane 1 (local.get $a)))))
