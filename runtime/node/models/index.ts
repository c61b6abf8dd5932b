/** What models on a node run on: devices, and the guests behind them. */
export { devicesOf, type RemoteServer } from './devices.ts'
export { exactGuest } from './exact-guest.ts'
export { guestOperators } from './guest-operators.ts'
export { failureOf } from './operator-failure.ts'
