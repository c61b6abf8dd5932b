;; (module (memory (export "memory") 1) (func (export "f") (param i32)
;;       (v128.store (local.get 0) (f32x4.add (v128.load (local.get 0)) (v128.load offset=16 (local.get 0))))))
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i64) (result i64)))
  (memory (;0;) 1 2048)
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "memory" (memory 0))
  (export "f" (func 1))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 3) (param i32 i64 i64) (result i64)
    (local v128)
    local.get 1
    i64.const 1683
    i64.sub
    local.tee 1
    local.get 2
    i64.const 112
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
    local.get 0
    v128.load
    local.get 0
    v128.load offset=16
    f32x4.add
    local.tee 3
    local.get 3
    f32x4.ne
    i32x4.bitmask
    if ;; label = @1
      local.get 3
      v128.const i32x4 0x7fc00000 0x7fc00000 0x7fc00000 0x7fc00000
      local.get 3
      local.get 3
      f32x4.eq
      v128.bitselect
      local.set 3
    end
    local.get 3
    v128.store
    local.get 1
  )
  (func (;1;) (type 0) (param i32)
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
