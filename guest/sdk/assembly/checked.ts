/** Arithmetic on integers of any width that ends the call where it would wrap around. */

function wrapped<T>(a: T, sign: string, b: T): string {
  return (sign == '-' && !isSigned<T>() ? 'insufficient: ' : 'overflow: ') + a.toString() + ' ' + sign + ' ' + b.toString()
}

export function add<T extends number>(a: T, b: T): T {
  const sum = <T>(a + b)
  const less = sum < a
  if (isSigned<T>() ? b < <T>0 != less : less) throw new Error(wrapped<T>(a, '+', b))
  return sum
}

export function sub<T extends number>(a: T, b: T): T {
  const rest = <T>(a - b)
  if (isSigned<T>() ? b > <T>0 != rest < a : b > a) throw new Error(wrapped<T>(a, '-', b))
  return rest
}

export function mul<T extends number>(a: T, b: T): T {
  const product = <T>(a * b)
  if (isSigned<T>()) {
    // the one quotient that does not fit is asked for first: it traps
    const least = <T>((<T>1) << (<T>(sizeof<T>() * 8 - 1)))
    if ((a == <T>-1 && b == least) || (b == <T>-1 && a == least)) throw new Error(wrapped<T>(a, '*', b))
  }
  if (a != <T>0 && <T>(product / a) != b) throw new Error(wrapped<T>(a, '*', b))
  return product
}
