/** The chips of a node: enrolled, kept in its folder, at work in rounds, certified for others. */
export { enrolChips, type EnrolledChip, type Enrolment, type EnrolOptions, deskOptions, devVendor } from './enrol.ts'
export type { EnrolmentNotes } from './enrolment-notes.ts'
export { NO_DESK, openDesk } from './attester.ts'
export { chipFolder } from './folder.ts'
export { chipWork } from './work.ts'
