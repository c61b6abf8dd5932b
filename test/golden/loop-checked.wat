;; (module (func (export "halve") (param i32) (result i32)
;;       (loop $next (br_if $next (i32.gt_u (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1))) (i32.const 9)))) (local.get 0)))
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i64) (result i32 i64)))
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "halve" (func 1))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 3) (param i32 i64 i64) (result i32 i64)
    local.get 1
    i64.const 1
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
    block ;; label = @1
      loop ;; label = @2
        local.get 1
        i64.const 18
        i64.sub
        local.tee 1
        i64.const 0
        i64.lt_s
        br_if 1 (;@1;)
        local.get 0
        i32.const 1
        i32.shr_u
        local.tee 0
        i32.const 9
        i32.gt_u
        br_if 0 (;@2;)
        local.get 1
        i64.const 1
        i64.sub
        local.set 1
      end
      local.get 0
      local.get 1
      return
    end
    local.get 1
    global.set 0
    unreachable
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
