/** A guest's folder: its manifest, and where the SDK lies. */
export { type GuestManifest, type GuestWorld, readManifest } from './manifest.ts'
export { sdkLocation, type SdkLocation } from './sdk-location.ts'
