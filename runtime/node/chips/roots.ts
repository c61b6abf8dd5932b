/** Certificates of TPM makers, as an operator puts them into a folder. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { X509Certificate } from 'node:crypto'
import { readCertificate } from '../../chips/index.ts'
import { UtnetError } from '../../core/index.ts'

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** All certificates of a folder: `.pem` (any number in a file, other things passed over), `.crt`, `.cer` and `.der`. Throws `chip_enrolment` when there is none. */
export function makersCertificates(folder: string): X509Certificate[] {
  let names: string[]
  try {
    names = readdirSync(folder).sort()
  } catch (cause) {
    throw new UtnetError('chip_enrolment', `the folder of makers' certificates ${folder} cannot be read`, {
      hint: 'name it: --roots DIR',
      cause,
    })
  }
  const found = names.flatMap((name) => {
    if (!/\.(pem|crt|cer|der)$/i.test(name)) return []
    const bytes = readFileSync(join(folder, name))
    const texts = bytes.toString('latin1').match(PEM)
    if (texts !== null) return texts.map((text) => readCertificate(Buffer.from(text), name))
    return /\.pem$/i.test(name) ? [] : [readCertificate(bytes, name)]
  })
  if (found.length === 0)
    throw new UtnetError('chip_enrolment', `there is no certificate in ${folder}`, {
      hint: 'put the root certificates of TPM makers there',
    })
  return found
}
