/** Models with operators of one's own: cut out of the graph and run as guests. */
export type { GuestOperator, GuestOperators } from './guest-operators.ts'
export { withGuests } from './with-guests.ts'
