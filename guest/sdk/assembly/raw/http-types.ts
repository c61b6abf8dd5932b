// Generated from the WIT interface wasi:http/types@0.2.3; do not edit.

import { Box, RETURN_AREA, Result, Tuple2, Tuple3, liftArray, liftBytes, liftString, newBlock, zeroed } from './abi'

export enum HeaderErrorTag {
  invalidSyntax,
  forbidden,
  immutable,
}

export class HeaderError {
  constructor(public tag: u32) {}
}

export enum MethodTag {
  get_,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch,
  other,
}

export class Method {
  other: string | null = null
  constructor(public tag: u32) {}
}

export enum SchemeTag {
  http,
  https,
  other,
}

export class Scheme {
  other: string | null = null
  constructor(public tag: u32) {}
}

export enum ErrorCodeTag {
  dnsTimeout,
  dnsError,
  destinationNotFound,
  destinationUnavailable,
  destinationIpProhibited,
  destinationIpUnroutable,
  connectionRefused,
  connectionTerminated,
  connectionTimeout,
  connectionReadTimeout,
  connectionWriteTimeout,
  connectionLimitReached,
  tlsProtocolError,
  tlsCertificateError,
  tlsAlertReceived,
  httpRequestDenied,
  httpRequestLengthRequired,
  httpRequestBodySize,
  httpRequestMethodInvalid,
  httpRequestUriInvalid,
  httpRequestUriTooLong,
  httpRequestHeaderSectionSize,
  httpRequestHeaderSize,
  httpRequestTrailerSectionSize,
  httpRequestTrailerSize,
  httpResponseIncomplete,
  httpResponseHeaderSectionSize,
  httpResponseHeaderSize,
  httpResponseBodySize,
  httpResponseTrailerSectionSize,
  httpResponseTrailerSize,
  httpResponseTransferCoding,
  httpResponseContentCoding,
  httpResponseTimeout,
  httpUpgradeFailed,
  httpProtocolError,
  loopDetected,
  configurationError,
  internalError,
}

export class DnsErrorPayload {
  constructor(
    public rcode: string | null,
    public infoCode: Box<u16> | null,
  ) {}
}

export class TlsAlertReceivedPayload {
  constructor(
    public alertId: Box<u8> | null,
    public alertMessage: string | null,
  ) {}
}

export class FieldSizePayload {
  constructor(
    public fieldName: string | null,
    public fieldSize: Box<u32> | null,
  ) {}
}

export class ErrorCode {
  dnsError: DnsErrorPayload | null = null
  tlsAlertReceived: TlsAlertReceivedPayload | null = null
  httpRequestBodySize: Box<u64> | null = null
  httpRequestHeaderSectionSize: Box<u32> | null = null
  httpRequestHeaderSize: FieldSizePayload | null = null
  httpRequestTrailerSectionSize: Box<u32> | null = null
  httpRequestTrailerSize: FieldSizePayload | null = null
  httpResponseHeaderSectionSize: Box<u32> | null = null
  httpResponseHeaderSize: FieldSizePayload | null = null
  httpResponseBodySize: Box<u64> | null = null
  httpResponseTrailerSectionSize: Box<u32> | null = null
  httpResponseTrailerSize: FieldSizePayload | null = null
  httpResponseTransferCoding: string | null = null
  httpResponseContentCoding: string | null = null
  internalError: string | null = null
  constructor(public tag: u32) {}
}

@external('wasi:http/types@0.2.3', '[constructor]fields')
export declare function newFields_core(): i32

export function newFields(): i32 {
  return newFields_core()
}

@external('wasi:http/types@0.2.3', '[static]fields.from-list')
export declare function fieldsFromList_core(p0: usize, p1: usize, p2: usize): void

export function fieldsFromList(entries: Array<Tuple2<string, Uint8Array>>): Result<i32, HeaderError> {
  fieldsFromList_core(lower0(entries), entries.length, RETURN_AREA)
  return load2(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]fields.get')
export declare function fieldsGet_core(p0: usize, p1: usize, p2: usize, p3: usize): void

export function fieldsGet(self: i32, name: string): Array<Uint8Array> {
  fieldsGet_core(self, changetype<usize>(name), name.length, RETURN_AREA)
  return lift4(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('wasi:http/types@0.2.3', '[method]fields.has')
export declare function fieldsHas_core(p0: usize, p1: usize, p2: usize): i32

export function fieldsHas(self: i32, name: string): bool {
  return fieldsHas_core(self, changetype<usize>(name), name.length) != 0
}

@external('wasi:http/types@0.2.3', '[method]fields.set')
export declare function fieldsSet_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize): void

export function fieldsSet(self: i32, name: string, value: Array<Uint8Array>): Result<u8, HeaderError> {
  fieldsSet_core(self, changetype<usize>(name), name.length, lower5(value), value.length, RETURN_AREA)
  return load6(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]fields.delete')
export declare function fieldsDelete_core(p0: usize, p1: usize, p2: usize, p3: usize): void

export function fieldsDelete(self: i32, name: string): Result<u8, HeaderError> {
  fieldsDelete_core(self, changetype<usize>(name), name.length, RETURN_AREA)
  return load6(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]fields.append')
export declare function fieldsAppend_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize): void

export function fieldsAppend(self: i32, name: string, value: Uint8Array): Result<u8, HeaderError> {
  fieldsAppend_core(self, changetype<usize>(name), name.length, value.dataStart, value.length, RETURN_AREA)
  return load6(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]fields.entries')
export declare function fieldsEntries_core(p0: usize, p1: usize): void

export function fieldsEntries(self: i32): Array<Tuple2<string, Uint8Array>> {
  fieldsEntries_core(self, RETURN_AREA)
  return lift7(load<usize>(RETURN_AREA), load<i32>(RETURN_AREA, 4))
}

@external('wasi:http/types@0.2.3', '[method]fields.clone')
export declare function fieldsClone_core(p0: usize): i32

export function fieldsClone(self: i32): i32 {
  return fieldsClone_core(self)
}

@external('wasi:http/types@0.2.3', '[method]incoming-request.method')
export declare function incomingRequestMethod_core(p0: usize, p1: usize): void

export function incomingRequestMethod(self: i32): Method {
  incomingRequestMethod_core(self, RETURN_AREA)
  return load9(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]incoming-request.path-with-query')
export declare function incomingRequestPathWithQuery_core(p0: usize, p1: usize): void

export function incomingRequestPathWithQuery(self: i32): string | null {
  incomingRequestPathWithQuery_core(self, RETURN_AREA)
  return load10(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]incoming-request.scheme')
export declare function incomingRequestScheme_core(p0: usize, p1: usize): void

export function incomingRequestScheme(self: i32): Scheme | null {
  incomingRequestScheme_core(self, RETURN_AREA)
  return load11(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]incoming-request.authority')
export declare function incomingRequestAuthority_core(p0: usize, p1: usize): void

export function incomingRequestAuthority(self: i32): string | null {
  incomingRequestAuthority_core(self, RETURN_AREA)
  return load10(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]incoming-request.headers')
export declare function incomingRequestHeaders_core(p0: usize): i32

export function incomingRequestHeaders(self: i32): i32 {
  return incomingRequestHeaders_core(self)
}

@external('wasi:http/types@0.2.3', '[method]incoming-request.consume')
export declare function incomingRequestConsume_core(p0: usize, p1: usize): void

export function incomingRequestConsume(self: i32): Result<i32, u8> {
  incomingRequestConsume_core(self, RETURN_AREA)
  return load13(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[constructor]outgoing-request')
export declare function newOutgoingRequest_core(p0: usize): i32

export function newOutgoingRequest(headers: i32): i32 {
  return newOutgoingRequest_core(headers)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.body')
export declare function outgoingRequestBody_core(p0: usize, p1: usize): void

export function outgoingRequestBody(self: i32): Result<i32, u8> {
  outgoingRequestBody_core(self, RETURN_AREA)
  return load13(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.method')
export declare function outgoingRequestMethod_core(p0: usize, p1: usize): void

export function outgoingRequestMethod(self: i32): Method {
  outgoingRequestMethod_core(self, RETURN_AREA)
  return load9(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.set-method')
export declare function outgoingRequestSetMethod_core(p0: usize, p1: usize, p2: usize, p3: usize): i32

export function outgoingRequestSetMethod(self: i32, method: Method): bool {
  let s0: i32 = 0
  let s1: i32 = 0
  let s2: i32 = 0
  s0 = method.tag
  if (method.tag == 9) { const c3 = method.other!; s1 = changetype<usize>(c3); s2 = c3.length }
  return outgoingRequestSetMethod_core(self, s0, s1, s2) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.path-with-query')
export declare function outgoingRequestPathWithQuery_core(p0: usize, p1: usize): void

export function outgoingRequestPathWithQuery(self: i32): string | null {
  outgoingRequestPathWithQuery_core(self, RETURN_AREA)
  return load10(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.set-path-with-query')
export declare function outgoingRequestSetPathWithQuery_core(p0: usize, p1: usize, p2: usize, p3: usize): i32

export function outgoingRequestSetPathWithQuery(self: i32, pathWithQuery: string | null): bool {
  let s0: i32 = 0
  let s1: i32 = 0
  let s2: i32 = 0
  if (pathWithQuery !== null) { s0 = 1; const c3 = pathWithQuery; s1 = changetype<usize>(c3); s2 = c3.length }
  return outgoingRequestSetPathWithQuery_core(self, s0, s1, s2) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.scheme')
export declare function outgoingRequestScheme_core(p0: usize, p1: usize): void

export function outgoingRequestScheme(self: i32): Scheme | null {
  outgoingRequestScheme_core(self, RETURN_AREA)
  return load11(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.set-scheme')
export declare function outgoingRequestSetScheme_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize): i32

export function outgoingRequestSetScheme(self: i32, scheme: Scheme | null): bool {
  let s0: i32 = 0
  let s1: i32 = 0
  let s2: i32 = 0
  let s3: i32 = 0
  if (scheme !== null) { s0 = 1; const c4 = scheme; let s5: i32 = 0; let s6: i32 = 0; let s7: i32 = 0; s5 = c4.tag; if (c4.tag == 2) { const c8 = c4.other!; s6 = changetype<usize>(c8); s7 = c8.length }; s1 = s5; s2 = s6; s3 = s7 }
  return outgoingRequestSetScheme_core(self, s0, s1, s2, s3) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.authority')
export declare function outgoingRequestAuthority_core(p0: usize, p1: usize): void

export function outgoingRequestAuthority(self: i32): string | null {
  outgoingRequestAuthority_core(self, RETURN_AREA)
  return load10(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.set-authority')
export declare function outgoingRequestSetAuthority_core(p0: usize, p1: usize, p2: usize, p3: usize): i32

export function outgoingRequestSetAuthority(self: i32, authority: string | null): bool {
  let s0: i32 = 0
  let s1: i32 = 0
  let s2: i32 = 0
  if (authority !== null) { s0 = 1; const c3 = authority; s1 = changetype<usize>(c3); s2 = c3.length }
  return outgoingRequestSetAuthority_core(self, s0, s1, s2) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[method]outgoing-request.headers')
export declare function outgoingRequestHeaders_core(p0: usize): i32

export function outgoingRequestHeaders(self: i32): i32 {
  return outgoingRequestHeaders_core(self)
}

@external('wasi:http/types@0.2.3', '[constructor]request-options')
export declare function newRequestOptions_core(): i32

export function newRequestOptions(): i32 {
  return newRequestOptions_core()
}

@external('wasi:http/types@0.2.3', '[method]request-options.connect-timeout')
export declare function requestOptionsConnectTimeout_core(p0: usize, p1: usize): void

export function requestOptionsConnectTimeout(self: i32): Box<u64> | null {
  requestOptionsConnectTimeout_core(self, RETURN_AREA)
  return load14(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]request-options.set-connect-timeout')
export declare function requestOptionsSetConnectTimeout_core(p0: usize, p1: usize, p2: i64): i32

export function requestOptionsSetConnectTimeout(self: i32, duration: Box<u64> | null): bool {
  let s0: i32 = 0
  let s1: i64 = 0
  if (duration !== null) { s0 = 1; const c2 = duration.value; s1 = <i64>c2 }
  return requestOptionsSetConnectTimeout_core(self, s0, s1) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[method]request-options.first-byte-timeout')
export declare function requestOptionsFirstByteTimeout_core(p0: usize, p1: usize): void

export function requestOptionsFirstByteTimeout(self: i32): Box<u64> | null {
  requestOptionsFirstByteTimeout_core(self, RETURN_AREA)
  return load14(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]request-options.set-first-byte-timeout')
export declare function requestOptionsSetFirstByteTimeout_core(p0: usize, p1: usize, p2: i64): i32

export function requestOptionsSetFirstByteTimeout(self: i32, duration: Box<u64> | null): bool {
  let s0: i32 = 0
  let s1: i64 = 0
  if (duration !== null) { s0 = 1; const c2 = duration.value; s1 = <i64>c2 }
  return requestOptionsSetFirstByteTimeout_core(self, s0, s1) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[method]request-options.between-bytes-timeout')
export declare function requestOptionsBetweenBytesTimeout_core(p0: usize, p1: usize): void

export function requestOptionsBetweenBytesTimeout(self: i32): Box<u64> | null {
  requestOptionsBetweenBytesTimeout_core(self, RETURN_AREA)
  return load14(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]request-options.set-between-bytes-timeout')
export declare function requestOptionsSetBetweenBytesTimeout_core(p0: usize, p1: usize, p2: i64): i32

export function requestOptionsSetBetweenBytesTimeout(self: i32, duration: Box<u64> | null): bool {
  let s0: i32 = 0
  let s1: i64 = 0
  if (duration !== null) { s0 = 1; const c2 = duration.value; s1 = <i64>c2 }
  return requestOptionsSetBetweenBytesTimeout_core(self, s0, s1) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[static]response-outparam.set')
export declare function responseOutparamSet_core(p0: usize, p1: usize, p2: usize, p3: usize, p4: i64, p5: usize, p6: usize, p7: usize, p8: usize): void

export function responseOutparamSet(param: i32, response: Result<i32, ErrorCode>): void {
  let s0: i32 = 0
  let s1: i32 = 0
  let s2: i32 = 0
  let s3: i64 = 0
  let s4: i32 = 0
  let s5: i32 = 0
  let s6: i32 = 0
  let s7: i32 = 0
  s0 = response.isErr ? 1 : 0
  if (!response.isErr) { const c8 = response.ok; s1 = c8 }
  if (response.isErr) { const c9 = response.err; let s10: i32 = 0; let s11: i32 = 0; let s12: i64 = 0; let s13: i32 = 0; let s14: i32 = 0; let s15: i32 = 0; let s16: i32 = 0; s10 = c9.tag; if (c9.tag == 1) { const c17 = c9.dnsError!; const r18 = c17.rcode; let s19: i32 = 0; let s20: i32 = 0; let s21: i32 = 0; if (r18 !== null) { s19 = 1; const c22 = r18; s20 = changetype<usize>(c22); s21 = c22.length }; const r23 = c17.infoCode; let s24: i32 = 0; let s25: i32 = 0; if (r23 !== null) { s24 = 1; const c26 = r23.value; s25 = <i32>c26 }; s11 = s19; s12 = <i64><u32>(s20); s13 = s21; s14 = s24; s15 = s25 }; if (c9.tag == 14) { const c27 = c9.tlsAlertReceived!; const r28 = c27.alertId; let s29: i32 = 0; let s30: i32 = 0; if (r28 !== null) { s29 = 1; const c31 = r28.value; s30 = <i32>c31 }; const r32 = c27.alertMessage; let s33: i32 = 0; let s34: i32 = 0; let s35: i32 = 0; if (r32 !== null) { s33 = 1; const c36 = r32; s34 = changetype<usize>(c36); s35 = c36.length }; s11 = s29; s12 = <i64><u32>(s30); s13 = s33; s14 = s34; s15 = s35 }; if (c9.tag == 17) { const c37 = c9.httpRequestBodySize; let s38: i32 = 0; let s39: i64 = 0; if (c37 !== null) { s38 = 1; const c40 = c37.value; s39 = <i64>c40 }; s11 = s38; s12 = s39 }; if (c9.tag == 21) { const c41 = c9.httpRequestHeaderSectionSize; let s42: i32 = 0; let s43: i32 = 0; if (c41 !== null) { s42 = 1; const c44 = c41.value; s43 = <i32>c44 }; s11 = s42; s12 = <i64><u32>(s43) }; if (c9.tag == 22) { const c45 = c9.httpRequestHeaderSize; let s46: i32 = 0; let s47: i32 = 0; let s48: i32 = 0; let s49: i32 = 0; let s50: i32 = 0; let s51: i32 = 0; if (c45 !== null) { s46 = 1; const c52 = c45; const r53 = c52.fieldName; let s54: i32 = 0; let s55: i32 = 0; let s56: i32 = 0; if (r53 !== null) { s54 = 1; const c57 = r53; s55 = changetype<usize>(c57); s56 = c57.length }; const r58 = c52.fieldSize; let s59: i32 = 0; let s60: i32 = 0; if (r58 !== null) { s59 = 1; const c61 = r58.value; s60 = <i32>c61 }; s47 = s54; s48 = s55; s49 = s56; s50 = s59; s51 = s60 }; s11 = s46; s12 = <i64><u32>(s47); s13 = s48; s14 = s49; s15 = s50; s16 = s51 }; if (c9.tag == 23) { const c62 = c9.httpRequestTrailerSectionSize; let s63: i32 = 0; let s64: i32 = 0; if (c62 !== null) { s63 = 1; const c65 = c62.value; s64 = <i32>c65 }; s11 = s63; s12 = <i64><u32>(s64) }; if (c9.tag == 24) { const c66 = c9.httpRequestTrailerSize!; const r67 = c66.fieldName; let s68: i32 = 0; let s69: i32 = 0; let s70: i32 = 0; if (r67 !== null) { s68 = 1; const c71 = r67; s69 = changetype<usize>(c71); s70 = c71.length }; const r72 = c66.fieldSize; let s73: i32 = 0; let s74: i32 = 0; if (r72 !== null) { s73 = 1; const c75 = r72.value; s74 = <i32>c75 }; s11 = s68; s12 = <i64><u32>(s69); s13 = s70; s14 = s73; s15 = s74 }; if (c9.tag == 26) { const c76 = c9.httpResponseHeaderSectionSize; let s77: i32 = 0; let s78: i32 = 0; if (c76 !== null) { s77 = 1; const c79 = c76.value; s78 = <i32>c79 }; s11 = s77; s12 = <i64><u32>(s78) }; if (c9.tag == 27) { const c80 = c9.httpResponseHeaderSize!; const r81 = c80.fieldName; let s82: i32 = 0; let s83: i32 = 0; let s84: i32 = 0; if (r81 !== null) { s82 = 1; const c85 = r81; s83 = changetype<usize>(c85); s84 = c85.length }; const r86 = c80.fieldSize; let s87: i32 = 0; let s88: i32 = 0; if (r86 !== null) { s87 = 1; const c89 = r86.value; s88 = <i32>c89 }; s11 = s82; s12 = <i64><u32>(s83); s13 = s84; s14 = s87; s15 = s88 }; if (c9.tag == 28) { const c90 = c9.httpResponseBodySize; let s91: i32 = 0; let s92: i64 = 0; if (c90 !== null) { s91 = 1; const c93 = c90.value; s92 = <i64>c93 }; s11 = s91; s12 = s92 }; if (c9.tag == 29) { const c94 = c9.httpResponseTrailerSectionSize; let s95: i32 = 0; let s96: i32 = 0; if (c94 !== null) { s95 = 1; const c97 = c94.value; s96 = <i32>c97 }; s11 = s95; s12 = <i64><u32>(s96) }; if (c9.tag == 30) { const c98 = c9.httpResponseTrailerSize!; const r99 = c98.fieldName; let s100: i32 = 0; let s101: i32 = 0; let s102: i32 = 0; if (r99 !== null) { s100 = 1; const c103 = r99; s101 = changetype<usize>(c103); s102 = c103.length }; const r104 = c98.fieldSize; let s105: i32 = 0; let s106: i32 = 0; if (r104 !== null) { s105 = 1; const c107 = r104.value; s106 = <i32>c107 }; s11 = s100; s12 = <i64><u32>(s101); s13 = s102; s14 = s105; s15 = s106 }; if (c9.tag == 31) { const c108 = c9.httpResponseTransferCoding; let s109: i32 = 0; let s110: i32 = 0; let s111: i32 = 0; if (c108 !== null) { s109 = 1; const c112 = c108; s110 = changetype<usize>(c112); s111 = c112.length }; s11 = s109; s12 = <i64><u32>(s110); s13 = s111 }; if (c9.tag == 32) { const c113 = c9.httpResponseContentCoding; let s114: i32 = 0; let s115: i32 = 0; let s116: i32 = 0; if (c113 !== null) { s114 = 1; const c117 = c113; s115 = changetype<usize>(c117); s116 = c117.length }; s11 = s114; s12 = <i64><u32>(s115); s13 = s116 }; if (c9.tag == 38) { const c118 = c9.internalError; let s119: i32 = 0; let s120: i32 = 0; let s121: i32 = 0; if (c118 !== null) { s119 = 1; const c122 = c118; s120 = changetype<usize>(c122); s121 = c122.length }; s11 = s119; s12 = <i64><u32>(s120); s13 = s121 }; s1 = s10; s2 = s11; s3 = s12; s4 = s13; s5 = s14; s6 = s15; s7 = s16 }
  responseOutparamSet_core(param, s0, s1, s2, s3, s4, s5, s6, s7)
}

@external('wasi:http/types@0.2.3', '[method]incoming-response.status')
export declare function incomingResponseStatus_core(p0: usize): i32

export function incomingResponseStatus(self: i32): u16 {
  return <u16>incomingResponseStatus_core(self)
}

@external('wasi:http/types@0.2.3', '[method]incoming-response.headers')
export declare function incomingResponseHeaders_core(p0: usize): i32

export function incomingResponseHeaders(self: i32): i32 {
  return incomingResponseHeaders_core(self)
}

@external('wasi:http/types@0.2.3', '[method]incoming-response.consume')
export declare function incomingResponseConsume_core(p0: usize, p1: usize): void

export function incomingResponseConsume(self: i32): Result<i32, u8> {
  incomingResponseConsume_core(self, RETURN_AREA)
  return load13(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]incoming-body.stream')
export declare function incomingBodyStream_core(p0: usize, p1: usize): void

export function incomingBodyStream(self: i32): Result<i32, u8> {
  incomingBodyStream_core(self, RETURN_AREA)
  return load13(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[static]incoming-body.finish')
export declare function incomingBodyFinish_core(p0: usize): i32

export function incomingBodyFinish(this_: i32): i32 {
  return incomingBodyFinish_core(this_)
}

@external('wasi:http/types@0.2.3', '[method]future-trailers.subscribe')
export declare function futureTrailersSubscribe_core(p0: usize): i32

export function futureTrailersSubscribe(self: i32): i32 {
  return futureTrailersSubscribe_core(self)
}

@external('wasi:http/types@0.2.3', '[method]future-trailers.get')
export declare function futureTrailersGet_core(p0: usize, p1: usize): void

export function futureTrailersGet(self: i32): Result<Result<Box<i32> | null, ErrorCode>, u8> | null {
  futureTrailersGet_core(self, RETURN_AREA)
  return load15(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[constructor]outgoing-response')
export declare function newOutgoingResponse_core(p0: usize): i32

export function newOutgoingResponse(headers: i32): i32 {
  return newOutgoingResponse_core(headers)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-response.status-code')
export declare function outgoingResponseStatusCode_core(p0: usize): i32

export function outgoingResponseStatusCode(self: i32): u16 {
  return <u16>outgoingResponseStatusCode_core(self)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-response.set-status-code')
export declare function outgoingResponseSetStatusCode_core(p0: usize, p1: usize): i32

export function outgoingResponseSetStatusCode(self: i32, statusCode: u16): bool {
  return outgoingResponseSetStatusCode_core(self, <i32>statusCode) != 0 ? false : true
}

@external('wasi:http/types@0.2.3', '[method]outgoing-response.headers')
export declare function outgoingResponseHeaders_core(p0: usize): i32

export function outgoingResponseHeaders(self: i32): i32 {
  return outgoingResponseHeaders_core(self)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-response.body')
export declare function outgoingResponseBody_core(p0: usize, p1: usize): void

export function outgoingResponseBody(self: i32): Result<i32, u8> {
  outgoingResponseBody_core(self, RETURN_AREA)
  return load13(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]outgoing-body.write')
export declare function outgoingBodyWrite_core(p0: usize, p1: usize): void

export function outgoingBodyWrite(self: i32): Result<i32, u8> {
  outgoingBodyWrite_core(self, RETURN_AREA)
  return load13(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[static]outgoing-body.finish')
export declare function outgoingBodyFinish_core(p0: usize, p1: usize, p2: usize, p3: usize): void

export function outgoingBodyFinish(this_: i32, trailers: Box<i32> | null): Result<u8, ErrorCode> {
  let s0: i32 = 0
  let s1: i32 = 0
  if (trailers !== null) { s0 = 1; const c2 = trailers.value; s1 = c2 }
  outgoingBodyFinish_core(this_, s0, s1, RETURN_AREA)
  return load27(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[method]future-incoming-response.subscribe')
export declare function futureIncomingResponseSubscribe_core(p0: usize): i32

export function futureIncomingResponseSubscribe(self: i32): i32 {
  return futureIncomingResponseSubscribe_core(self)
}

@external('wasi:http/types@0.2.3', '[method]future-incoming-response.get')
export declare function futureIncomingResponseGet_core(p0: usize, p1: usize): void

export function futureIncomingResponseGet(self: i32): Result<Result<i32, ErrorCode>, u8> | null {
  futureIncomingResponseGet_core(self, RETURN_AREA)
  return load28(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', 'http-error-code')
export declare function httpErrorCode_core(p0: usize, p1: usize): void

export function httpErrorCode(err: i32): ErrorCode | null {
  httpErrorCode_core(err, RETURN_AREA)
  return load31(RETURN_AREA)
}

@external('wasi:http/types@0.2.3', '[resource-drop]fields')
export declare function dropFields(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]incoming-request')
export declare function dropIncomingRequest(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]outgoing-request')
export declare function dropOutgoingRequest(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]request-options')
export declare function dropRequestOptions(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]response-outparam')
export declare function dropResponseOutparam(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]incoming-response')
export declare function dropIncomingResponse(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]incoming-body')
export declare function dropIncomingBody(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]future-trailers')
export declare function dropFutureTrailers(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]outgoing-response')
export declare function dropOutgoingResponse(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]outgoing-body')
export declare function dropOutgoingBody(handle: i32): void

@external('wasi:http/types@0.2.3', '[resource-drop]future-incoming-response')
export declare function dropFutureIncomingResponse(handle: i32): void

function lower0(v: Array<Tuple2<string, Uint8Array>>): usize {
  const n = v.length
  const start = newBlock(n * 16)
  for (let i = 0, p = start; i < n; i++, p += 16) {
    const e = v[i]
    store1(p, e)
  }
  return start
}
function store1(p: usize, v: Tuple2<string, Uint8Array>): void {
  const f0 = v.item0
  store<usize>(p, changetype<usize>(f0))
  store<i32>(p, f0.length, 4)
  const f1 = v.item1
  store<usize>(p, f1.dataStart, 8)
  store<i32>(p, f1.length, 12)
}
function load2(p: usize): Result<i32, HeaderError> {
  const v = zeroed<Result<i32, HeaderError>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = load<i32>(p, 4)
  if (v.isErr) v.err = load3(p + 4)
  return v
}
function load3(p: usize): HeaderError {
  const v = zeroed<HeaderError>()
  v.tag = load<u8>(p)
  return v
}
function lift4(p: usize, n: i32): Array<Uint8Array> {
  const v = new Array<Uint8Array>(n)
  for (let i = 0; i < n; i++) unchecked((v[i] = liftBytes(load<usize>(p), load<i32>(p, 4)))), (p += 8)
  return v
}
function lower5(v: Array<Uint8Array>): usize {
  const n = v.length
  const start = newBlock(n * 8)
  for (let i = 0, p = start; i < n; i++, p += 8) {
    const e = v[i]
    store<usize>(p, e.dataStart)
    store<i32>(p, e.length, 4)
  }
  return start
}
function load6(p: usize): Result<u8, HeaderError> {
  const v = zeroed<Result<u8, HeaderError>>()
  v.isErr = load<u8>(p) != 0
  if (v.isErr) v.err = load3(p + 1)
  return v
}
function lift7(p: usize, n: i32): Array<Tuple2<string, Uint8Array>> {
  const v = new Array<Tuple2<string, Uint8Array>>(n)
  for (let i = 0; i < n; i++) unchecked((v[i] = load8(p))), (p += 16)
  return v
}
function load8(p: usize): Tuple2<string, Uint8Array> {
  const v = zeroed<Tuple2<string, Uint8Array>>()
  store<usize>(changetype<usize>(v), changetype<usize>(liftString(load<usize>(p), load<i32>(p, 4))), offsetof<Tuple2<string, Uint8Array>>('item0'))
  store<usize>(changetype<usize>(v), changetype<usize>(liftBytes(load<usize>(p, 8), load<i32>(p, 12))), offsetof<Tuple2<string, Uint8Array>>('item1'))
  return v
}
function load9(p: usize): Method {
  const v = zeroed<Method>()
  v.tag = load<u8>(p)
  if (v.tag == 9) v.other = liftString(load<usize>(p, 4), load<i32>(p, 8))
  return v
}
function load10(p: usize): string | null {
  if (load<u8>(p) == 0) return null
  return liftString(load<usize>(p, 4), load<i32>(p, 8))
}
function load11(p: usize): Scheme | null {
  if (load<u8>(p) == 0) return null
  return load12(p + 4)
}
function load12(p: usize): Scheme {
  const v = zeroed<Scheme>()
  v.tag = load<u8>(p)
  if (v.tag == 2) v.other = liftString(load<usize>(p, 4), load<i32>(p, 8))
  return v
}
function load13(p: usize): Result<i32, u8> {
  const v = zeroed<Result<i32, u8>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = load<i32>(p, 4)
  return v
}
function load14(p: usize): Box<u64> | null {
  if (load<u8>(p) == 0) return null
  return new Box<u64>(load<u64>(p, 8))
}
function load15(p: usize): Result<Result<Box<i32> | null, ErrorCode>, u8> | null {
  if (load<u8>(p) == 0) return null
  return load16(p + 8)
}
function load16(p: usize): Result<Result<Box<i32> | null, ErrorCode>, u8> {
  const v = zeroed<Result<Result<Box<i32> | null, ErrorCode>, u8>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = load17(p + 8)
  return v
}
function load17(p: usize): Result<Box<i32> | null, ErrorCode> {
  const v = zeroed<Result<Box<i32> | null, ErrorCode>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = load18(p + 8)
  if (v.isErr) v.err = load19(p + 8)
  return v
}
function load18(p: usize): Box<i32> | null {
  if (load<u8>(p) == 0) return null
  return new Box<i32>(load<i32>(p, 4))
}
function load19(p: usize): ErrorCode {
  const v = zeroed<ErrorCode>()
  v.tag = load<u8>(p)
  if (v.tag == 1) v.dnsError = load20(p + 8)
  if (v.tag == 14) v.tlsAlertReceived = load22(p + 8)
  if (v.tag == 17) v.httpRequestBodySize = load14(p + 8)
  if (v.tag == 21) v.httpRequestHeaderSectionSize = load24(p + 8)
  if (v.tag == 22) v.httpRequestHeaderSize = load25(p + 8)
  if (v.tag == 23) v.httpRequestTrailerSectionSize = load24(p + 8)
  if (v.tag == 24) v.httpRequestTrailerSize = load26(p + 8)
  if (v.tag == 26) v.httpResponseHeaderSectionSize = load24(p + 8)
  if (v.tag == 27) v.httpResponseHeaderSize = load26(p + 8)
  if (v.tag == 28) v.httpResponseBodySize = load14(p + 8)
  if (v.tag == 29) v.httpResponseTrailerSectionSize = load24(p + 8)
  if (v.tag == 30) v.httpResponseTrailerSize = load26(p + 8)
  if (v.tag == 31) v.httpResponseTransferCoding = load10(p + 8)
  if (v.tag == 32) v.httpResponseContentCoding = load10(p + 8)
  if (v.tag == 38) v.internalError = load10(p + 8)
  return v
}
function load20(p: usize): DnsErrorPayload {
  const v = zeroed<DnsErrorPayload>()
  store<usize>(changetype<usize>(v), changetype<usize>(load10(p)), offsetof<DnsErrorPayload>('rcode'))
  store<usize>(changetype<usize>(v), changetype<usize>(load21(p + 12)), offsetof<DnsErrorPayload>('infoCode'))
  return v
}
function load21(p: usize): Box<u16> | null {
  if (load<u8>(p) == 0) return null
  return new Box<u16>(load<u16>(p, 2))
}
function load22(p: usize): TlsAlertReceivedPayload {
  const v = zeroed<TlsAlertReceivedPayload>()
  store<usize>(changetype<usize>(v), changetype<usize>(load23(p)), offsetof<TlsAlertReceivedPayload>('alertId'))
  store<usize>(changetype<usize>(v), changetype<usize>(load10(p + 4)), offsetof<TlsAlertReceivedPayload>('alertMessage'))
  return v
}
function load23(p: usize): Box<u8> | null {
  if (load<u8>(p) == 0) return null
  return new Box<u8>(load<u8>(p, 1))
}
function load24(p: usize): Box<u32> | null {
  if (load<u8>(p) == 0) return null
  return new Box<u32>(load<u32>(p, 4))
}
function load25(p: usize): FieldSizePayload | null {
  if (load<u8>(p) == 0) return null
  return load26(p + 4)
}
function load26(p: usize): FieldSizePayload {
  const v = zeroed<FieldSizePayload>()
  store<usize>(changetype<usize>(v), changetype<usize>(load10(p)), offsetof<FieldSizePayload>('fieldName'))
  store<usize>(changetype<usize>(v), changetype<usize>(load24(p + 12)), offsetof<FieldSizePayload>('fieldSize'))
  return v
}
function load27(p: usize): Result<u8, ErrorCode> {
  const v = zeroed<Result<u8, ErrorCode>>()
  v.isErr = load<u8>(p) != 0
  if (v.isErr) v.err = load19(p + 8)
  return v
}
function load28(p: usize): Result<Result<i32, ErrorCode>, u8> | null {
  if (load<u8>(p) == 0) return null
  return load29(p + 8)
}
function load29(p: usize): Result<Result<i32, ErrorCode>, u8> {
  const v = zeroed<Result<Result<i32, ErrorCode>, u8>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = load30(p + 8)
  return v
}
function load30(p: usize): Result<i32, ErrorCode> {
  const v = zeroed<Result<i32, ErrorCode>>()
  v.isErr = load<u8>(p) != 0
  if (!v.isErr) v.ok = load<i32>(p, 8)
  if (v.isErr) v.err = load19(p + 8)
  return v
}
function load31(p: usize): ErrorCode | null {
  if (load<u8>(p) == 0) return null
  return load19(p + 8)
}
