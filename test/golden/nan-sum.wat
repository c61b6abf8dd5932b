;; (module (memory (export "memory") 1) (func (export "dot") (param i32) (local f32)
;;       (loop $next
;;         (local.set 1 (f32.add (local.get 1) (f32.mul (f32.load (local.get 0)) (f32.load offset=4 (local.get 0)))))
;;         (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 8)))))
;;       (f32.store (i32.const 0) (local.get 1))))
(module
  (type (;0;) (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (type (;2;) (func))
  (type (;3;) (func (param i32 i64 i64) (result i64)))
  (memory (;0;) 1 2048)
  (global (;0;) (mut i64) i64.const 0)
  (global (;1;) (mut i32) i32.const 524288)
  (export "memory" (memory 0))
  (export "dot" (func 1))
  (export "utnet:gas" (global 0))
  (export "utnet:stack" (global 1))
  (export "utnet:charge" (func 2))
  (export "utnet:reset" (func 3))
  (func (;0;) (type 3) (param i32 i64 i64) (result i64)
    (local f32 f32)
    local.get 1
    i64.const 1
    i64.sub
    local.tee 1
    local.get 2
    i64.const 104
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
        i64.const 1696
        i64.sub
        local.tee 1
        i64.const 0
        i64.lt_s
        br_if 1 (;@1;)
        local.get 3
        local.get 0
        f32.load
        local.get 0
        f32.load offset=4
        f32.mul
        f32.add
        local.set 3
        local.get 0
        i32.const 8
        i32.sub
        local.tee 0
        br_if 0 (;@2;)
        local.get 1
        i64.const 132
        i64.sub
        local.set 1
      end
      i32.const 0
      local.get 3
      local.tee 4
      local.get 4
      f32.ne
      if ;; label = @2
        f32.const nan (;=NaN;)
        local.set 4
      end
      local.get 4
      f32.store
      local.get 1
      return
    end
    local.get 1
    global.set 0
    unreachable
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
