;; (module (import "host" "f" (func $f (param i32) (result i32))) (global $n (mut i32) (i32.const 3)) (start $begin)
;;       (func $begin (global.set $n (i32.const 4)))
;;       (func (export "g") (param i32) (result i32) (call $f (local.get 0)))
;;       (export "utnet:gas" (global $n)))
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func))
  (type (;2;) (func (param i32 i64 i64) (result i32 i64)))
  (type (;3;) (func (param i32) (result i32)))
  (type (;4;) (func))
  (type (;5;) (func (param i64 i64) (result i64)))
  (import "host" "f" (func $f (;0;) (type 0)))
  (global (;0;) (mut i32) i32.const 3)
  (global (;1;) (mut i64) i64.const 0)
  (global (;2;) (mut i32) i32.const 524288)
  (export "g" (func 4))
  (export "utnet:gas" (global 1))
  (export "utnet:stack" (global 2))
  (export "utnet:start" (func 5))
  (export "utnet:charge" (func 6))
  (export "utnet:reset" (func 7))
  (func $begin (;1;) (type 5) (param i64 i64) (result i64)
    local.get 0
    i64.const 2
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
      global.set 1
      local.get 1
      i32.wrap_i64
      global.set 2
      unreachable
    end
    i32.const 4
    global.set 0
    local.get 0
  )
  (func (;2;) (type 2) (param i32 i64 i64) (result i32 i64)
    local.get 1
    i64.const 11
    i64.sub
    local.tee 1
    local.get 2
    i64.const 80
    i64.sub
    local.tee 2
    i64.or
    i64.const 0
    i64.lt_s
    if ;; label = @1
      local.get 1
      global.set 1
      local.get 2
      i32.wrap_i64
      global.set 2
      unreachable
    end
    local.get 0
    local.get 1
    local.get 2
    call 3
    local.set 1
    local.get 1
  )
  (func (;3;) (type 2) (param i32 i64 i64) (result i32 i64)
    (local i32)
    global.get 2
    local.set 3
    local.get 1
    global.set 1
    local.get 2
    i32.wrap_i64
    global.set 2
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
    global.set 2
    global.get 1
  )
  (func (;4;) (type 0) (param i32) (result i32)
    (local i64)
    local.get 0
    global.get 1
    global.get 2
    i64.extend_i32_s
    call 2
    local.tee 1
    global.set 1
    local.get 1
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
  )
  (func (;5;) (type 1)
    (local i64)
    global.get 1
    global.get 2
    i64.extend_i32_s
    call $begin
    local.tee 0
    global.set 1
    local.get 0
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
  )
  (func (;6;) (type 3) (param i32) (result i32)
    (local i64)
    global.get 1
    local.get 0
    i64.extend_i32_u
    i64.sub
    local.tee 1
    global.set 1
    local.get 1
    i64.const 0
    i64.lt_s
  )
  (func (;7;) (type 4)
    i32.const 3
    global.set 0
    i32.const 524288
    global.set 2
  )
)
