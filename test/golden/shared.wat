;; (module (import "other" "k" (global $k i32)) (global $n (export "n") (mut i32) (global.get $k))
;;       (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (global.get $k))) (global.get $n)))
(module
  (type (;0;) (func (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i64 i64) (result i32 i64)))
  (import "other" "k" (global (;0;) i32))
  (import "utnet" "gas" (global (;1;) (mut i64)))
  (import "utnet" "stack" (global (;2;) (mut i32)))
  (global (;3;) (mut i32) global.get 0)
  (export "n" (global 3))
  (export "next" (func 1))
  (export "utnet:gas" (global 1))
  (export "utnet:stack" (global 2))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 3) (param i64 i64) (result i32 i64)
    local.get 0
    i64.const 5
    i64.sub
    local.tee 0
    local.get 1
    i64.const 80
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
    global.get 3
    global.get 0
    i32.add
    global.set 3
    global.get 3
    local.get 0
  )
  (func (;1;) (type 0) (result i32)
    (local i64)
    global.get 1
    global.get 2
    i64.extend_i32_s
    call 0
    local.tee 0
    global.set 1
    local.get 0
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
  )
  (func (;2;) (type 1) (param i32) (result i32)
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
  (func (;3;) (type 2)
    global.get 0
    global.set 3
    i32.const 524288
    global.set 2
  )
)
