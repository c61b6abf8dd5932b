;; (module (func (export "sum") (param i32) (result i32) (local i32)
;;   (block $out (loop $next
;;     (br_if $out (i32.eqz (local.get 0)))
;;     (local.set 1 (i32.add (local.get 1) (local.get 0)))
;;     (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
;;     (br $next)))
;;   (local.get 1)))
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i64) (result i32 i64)))
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "sum" (func 1))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 3) (param i32 i64 i64) (result i32 i64)
    (local i32)
    local.get 1
    i64.const 15
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
    block ;; label = @1
      block ;; label = @2
        loop ;; label = @3
          local.get 0
          i32.eqz
          br_if 1 (;@2;)
          local.get 1
          i64.const 23
          i64.sub
          local.tee 1
          i64.const 0
          i64.lt_s
          br_if 2 (;@1;)
          local.get 3
          local.get 0
          i32.add
          local.set 3
          local.get 0
          i32.const 1
          i32.sub
          local.set 0
          br 0 (;@3;)
        end
      end
      local.get 1
      i64.const 1
      i64.sub
      local.set 1
      local.get 3
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
