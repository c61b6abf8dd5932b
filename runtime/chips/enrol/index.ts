/** How a chip gets its certificate: what it shows, who certifies it, what the chain takes of it. */
export { attester, type AttesterOptions, type Challenge } from './attester.ts'
export { registrationOf, type Claim } from './registration.ts'
export { decodeRequest, encodeRequest, requestOf, tpmRequestOf, type EnrolmentRequest } from './request.ts'
export { certifyChip, vendorKey, type VendorKey } from './vendor.ts'
