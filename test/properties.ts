/** Set up for every test file: a bound that a property names is reached. By itself fast-check makes about ten of what may be a thousand. */
import fc from 'fast-check'

fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true })
