;; (module (import "host" "f" (func $f (param i32))) (memory (export "memory") 1 4) (data (i32.const 8) "x")
;;       (func (export "g") (call $f (i32.load (i32.const 8)))))
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func))
  (type (;2;) (func (param i32 i64 i64) (result i64)))
  (type (;3;) (func (param i32) (result i32)))
  (type (;4;) (func))
  (type (;5;) (func (param i64 i64) (result i64)))
  (import "host" "f" (func $f (;0;) (type 0)))
  (import "utnet" "memory" (memory (;0;) 1 4))
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "memory" (memory 0))
  (export "g" (func 3))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 4))
  (export "utnet:reset" (func 5))
  (func (;1;) (type 5) (param i64 i64) (result i64)
    local.get 0
    i64.const 47
    i64.sub
    local.tee 0
    local.get 1
    i64.const 72
    i64.sub
    local.tee 1
    i64.or
    i64.const 0
    i64.lt_s
    if ;; label = @1
      local.get 0
      global.set 0
      local.get 1
      i32.wrap_i64
      global.set 1
      unreachable
    end
    i32.const 8
    i32.load
    local.get 0
    local.get 1
    call 2
    local.set 0
    local.get 0
  )
  (func (;2;) (type 2) (param i32 i64 i64) (result i64)
    (local i32)
    global.get 1
    local.set 3
    local.get 1
    global.set 0
    local.get 2
    i32.wrap_i64
    global.set 1
    local.get 1
    local.get 2
    i64.or
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
    local.get 0
    call $f
    local.get 3
    global.set 1
    global.get 0
  )
  (func (;3;) (type 1)
    (local i64)
    global.get 0
    global.get 1
    i64.extend_i32_s
    call 1
    local.tee 0
    global.set 0
    local.get 0
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
  )
  (func (;4;) (type 3) (param i32) (result i32)
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
  (func (;5;) (type 4)
    i32.const 524288
    global.set 1
  )
  (data (;0;) (i32.const 8) "x")
)
