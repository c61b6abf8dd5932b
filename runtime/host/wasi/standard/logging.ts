/** wasi:logging 0.1.0-draft without its comments. */
export const LOGGING_WIT = `package wasi:logging@0.1.0-draft {
  interface logging {
    enum level {
      trace,
      debug,
      info,
      warn,
      error,
      critical,
    }
    log: func(level: level, context: string, message: string);
  }
}
`
