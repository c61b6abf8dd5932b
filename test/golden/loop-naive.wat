;; (module (func (export "sum") (param i32) (result i32) (local i32)
;;   (block $out (loop $next
;;     (br_if $out (i32.eqz (local.get 0)))
;;     (local.set 1 (i32.add (local.get 1) (local.get 0)))
;;     (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
;;     (br $next)))
;;   (local.get 1)))
(module
  (type (;0;) (func (param i32) (result i32)))
  (type (;1;) (func (param i64)))
  (type (;2;) (func (param i32) (result i32)))
  (type (;3;) (func))
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "sum" (func 0))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 0) (param i32) (result i32)
    (local i32 i32 i64)
    global.get 1
    i32.const 96
    i32.sub
    local.tee 2
    global.set 1
    local.get 2
    i32.const 0
    i32.lt_s
    if ;; label = @1
      unreachable
    end
    block (result i32) ;; label = @1
      global.get 0
      i64.const 1
      i64.sub
      local.tee 3
      global.set 0
      local.get 3
      i64.const 0
      i64.lt_s
      if ;; label = @2
        unreachable
      end
      block ;; label = @2
        loop ;; label = @3
          global.get 0
          i64.const 14
          i64.sub
          local.tee 3
          global.set 0
          local.get 3
          i64.const 0
          i64.lt_s
          if ;; label = @4
            unreachable
          end
          local.get 0
          i32.eqz
          br_if 1 (;@2;)
          global.get 0
          i64.const 9
          i64.sub
          local.tee 3
          global.set 0
          local.get 3
          i64.const 0
          i64.lt_s
          if ;; label = @4
            unreachable
          end
          local.get 1
          local.get 0
          i32.add
          local.set 1
          local.get 0
          i32.const 1
          i32.sub
          local.set 0
          br 0 (;@3;)
        end
      end
      global.get 0
      i64.const 1
      i64.sub
      local.tee 3
      global.set 0
      local.get 3
      i64.const 0
      i64.lt_s
      if ;; label = @2
        unreachable
      end
      local.get 1
    end
    global.get 1
    i32.const 96
    i32.add
    global.set 1
  )
  (func (;1;) (type 1) (param i64)
    global.get 0
    local.get 0
    i64.sub
    local.tee 0
    global.set 0
    local.get 0
    i64.const 0
    i64.lt_s
    if ;; label = @1
      unreachable
    end
  )
  (func (;2;) (type 2) (param i32) (result i32)
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
  (func (;3;) (type 3)
    i32.const 524288
    global.set 1
  )
)
