/** The part of a node that reads what others anchor, and the word of a validator on what it is shown. */
export { openAuditor, type Auditor, type Finding } from './auditor.ts'
export { openExaminer, type Examiner } from './examiner.ts'
export { keepRequest } from './keep-request.ts'
export { gatewaySource, storeSource, type AuditSource } from './sources.ts'
export { signVerdict, type VerdictOptions } from './verdicts.ts'
