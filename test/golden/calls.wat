;; (module (table 1 funcref) (elem (i32.const 0) $twice)
;;       (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
;;       (func (export "f") (param i32) (result i32)
;;         (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
;;         (call_indirect (param i32) (result i32) (call $twice (local.get 0)) (i32.const 0))))
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32 i64 i64) (result i32 i64)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func))
  (table (;0;) 1 100000 funcref)
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "f" (func 2))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 3))
  (export "utnet:reset" (func 4))
  (elem (;0;) (i32.const 0) func $twice)
  (func $twice (;0;) (type 1) (param i32 i64 i64) (result i32 i64)
    local.get 1
    i64.const 5
    i64.sub
    local.tee 1
    local.get 2
    i64.const 88
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
    local.get 0
    i32.const 2
    i32.mul
    local.get 1
  )
  (func (;1;) (type 1) (param i32 i64 i64) (result i32 i64)
    (local i32)
    local.get 1
    i64.const 14
    i64.sub
    local.tee 1
    local.get 2
    i64.const 88
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
    local.get 0
    i32.eqz
    if ;; label = @1
      local.get 1
      i64.const 2
      i64.sub
      local.set 1
      i32.const 1
      local.get 1
      return
    end
    local.get 1
    i64.const 84
    i64.sub
    local.set 1
    local.get 0
    local.get 1
    local.get 2
    call $twice
    local.set 1
    i32.const 0
    local.set 3
    local.get 1
    local.get 2
    local.get 3
    call_indirect (type 1)
    local.set 1
    local.get 1
  )
  (func (;2;) (type 0) (param i32) (result i32)
    (local i64)
    local.get 0
    global.get 0
    global.get 1
    i64.extend_i32_s
    call 1
    local.tee 1
    global.set 0
    local.get 1
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
  )
  (func (;3;) (type 2) (param i32) (result i32)
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
  (func (;4;) (type 3)
    i32.const 524288
    global.set 1
  )
)
