;; (module (memory (export "memory") 1) (func (export "f") (param i32) (result f64) (local f64)
;;       (local.set 1 (f64.load (i32.const 8)))
;;       (if (local.get 0) (then (local.set 1 (f64.add (local.get 1) (f64.load (i32.const 16))))))
;;       (local.get 1)))
(module
  (type (;0;) (func (param i32) (result f64)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i64) (result f64 i64)))
  (memory (;0;) 1 2048)
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "memory" (memory 0))
  (export "f" (func 1))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 3) (param i32 i64 i64) (result f64 i64)
    (local f64)
    local.get 1
    i64.const 773
    i64.sub
    local.tee 1
    local.get 2
    i64.const 96
    i64.sub
    local.tee 2
    i64.or
    i64.const 0
    i64.lt_s
    if ;; label = @1
      local.get 1
      global.set 0
      local.get 2
      i32.wrap_i64
      global.set 1
      unreachable
    end
    i32.const 8
    f64.load
    local.set 3
    local.get 0
    if ;; label = @1
      local.get 1
      i64.const 771
      i64.sub
      local.set 1
      local.get 3
      i32.const 16
      f64.load
      f64.add
      local.set 3
      local.get 3
      local.get 3
      f64.ne
      if ;; label = @2
        f64.const nan (;=NaN;)
        local.set 3
      end
    end
    local.get 1
    i64.const 1
    i64.sub
    local.set 1
    local.get 3
    local.get 1
  )
  (func (;1;) (type 0) (param i32) (result f64)
    (local i64)
    local.get 0
    global.get 0
    global.get 1
    i64.extend_i32_s
    call 0
    local.tee 1
    global.set 0
    local.get 1
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
  )
  (func (;2;) (type 1) (param i32) (result i32)
    (local i64)
    global.get 0
    local.get 0
    i64.extend_i32_u
    i64.sub
    local.tee 1
    global.set 0
    local.get 1
    i64.const 0
    i64.lt_s
  )
  (func (;3;) (type 2)
    i32.const 524288
    global.set 1
  )
)
