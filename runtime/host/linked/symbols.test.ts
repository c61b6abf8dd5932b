import { expect, test } from 'vitest'
import { isOfRuntime, readableName } from './symbols.ts'

test('names of Rust and C++ are read where they are paths, and left as they are where not', () => {
  const names = {
    _ZN5crash4main17hc09beeddb794d7aeE: 'crash::main',
    '_ZN4core3ptr42drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE': 'core::ptr::drop_in_place<alloc::string::String>',
    '_ZN53_$LT$core..fmt..Error$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE': '<core::fmt::Error as core::fmt::Debug>::fmt',
    _ZN3geo4areaEv: '_ZN3geo4areaEv',
    _ZN3geo4areaE: 'geo::area',
    _RNvCsfLfy6EI15iL_7___rustc10rust_panic: '__rustc::rust_panic',
    _RNvNtCshXfaRvt2tfW_3std7process5abort: 'std::process::abort',
    _RNCNvNtCshXfaRvt2tfW_3std9panicking12default_hook0B5_: 'std::panicking::default_hook::{closure}',
    _RINvNtCs9pv848UzQwQ_4core9panicking13assert_failedbbECshXfaRvt2tfW_3std:
      '_RINvNtCs9pv848UzQwQ_4core9panicking13assert_failedbbECshXfaRvt2tfW_3std',
    'main.work': 'main.work',
    'func[3]': 'func[3]',
    _ZN99xE: '_ZN99xE',
    _ZNE: '_ZNE',
    _R: '_R',
    _RNvC99x: '_RNvC99x',
  }
  for (const [mangled, plain] of Object.entries(names)) expect(readableName(mangled), mangled).toBe(plain)
  // Nothing recurses or scans without end
  expect(readableName(`_R${'Nv'.repeat(100_000)}`)).toBe(`_R${'Nv'.repeat(100_000)}`)
})

test('what a language does between the author and the end is told from what he wrote', () => {
  for (const name of [
    'abort (module 1)',
    'std::process::abort',
    'core::panicking::panic_fmt',
    'runtime.fatal',
    '__rustc::rust_panic',
    'exit',
  ])
    expect(isOfRuntime(name), name).toBe(true)
  for (const name of ['crash::main', 'aborted', 'main.work', 'depth', 'free_cells', 'runtime', 'standard::x', 'func[3] (module 0)'])
    expect(isOfRuntime(name), name).toBe(false)
})
