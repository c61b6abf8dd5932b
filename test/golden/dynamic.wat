;; (module (memory (export "memory") 1) (func (export "f") (param i32) (result i32)
;;       (memory.fill (i32.const 0) (i32.const 1) (local.get 0)) (memory.grow (local.get 0))))
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i64) (result i32 i64)))
  (memory (;0;) 1 2048)
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "memory" (memory 0))
  (export "f" (func 1))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 3) (param i32 i64 i64) (result i32 i64)
    (local i32)
    local.get 1
    i64.const 264
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
    i32.const 0
    i32.const 1
    local.get 0
    local.set 3
    local.get 1
    local.get 3
    i64.extend_i32_u
    i64.const 63
    i64.add
    i64.const 6
    i64.shr_u
    i64.const 36
    i64.mul
    i64.sub
    local.tee 1
    i64.const 0
    i64.lt_s
    if ;; label = @1
      local.get 1
      global.set 0
      unreachable
    end
    local.get 3
    memory.fill
    local.get 0
    local.set 3
    local.get 1
    local.get 3
    i64.extend_i32_u
    i64.const 100000
    i64.mul
    i64.sub
    local.tee 1
    i64.const 0
    i64.lt_s
    if ;; label = @1
      local.get 1
      global.set 0
      unreachable
    end
    local.get 3
    memory.grow
    local.get 1
  )
  (func (;1;) (type 0) (param i32) (result i32)
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
