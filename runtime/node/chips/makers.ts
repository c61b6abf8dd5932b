/** The engines that a node reaches its chips through. They are opened when a chip needs them. */
import { pkcs11Chips, softwareChips, tpmChips, type ChipBackend, type ChipMaker } from '../../chips/index.ts'
import { UtnetError } from '../../core/index.ts'

/** Library, label and PIN of the token with the node's chips: of the machine, not of a chip, so they stand in the environment. */
const TOKEN = ['UTNET_TOKEN_LIBRARY', 'UTNET_TOKEN', 'UTNET_TOKEN_PIN'] as const

async function tokenMaker(): Promise<ChipMaker> {
  const [library, token, pin] = TOKEN.map((name) => process.env[name])
  if (library === undefined || token === undefined || pin === undefined)
    throw new UtnetError('chip_engine', `chips in a PKCS#11 token need ${TOKEN.join(', ')} in the environment`)
  return pkcs11Chips({ library, token, pin })
}

export interface Makers {
  /** The maker of a kind, one for all its chips. Throws `chip_engine`. */
  of(backend: ChipBackend): Promise<ChipMaker>
  close(): Promise<void>
}

/** The makers of this machine; `fuses` is the folder of the keys S in software. */
export function machineMakers(fuses: string): Makers {
  const open = new Map<ChipBackend, ChipMaker>()
  const make: Readonly<Record<ChipBackend, () => Promise<ChipMaker>>> = {
    software: async () => softwareChips(fuses),
    pkcs11: tokenMaker,
    tpm2: () => tpmChips(),
  }
  return {
    async of(backend) {
      const maker = open.get(backend) ?? (await make[backend]())
      open.set(backend, maker)
      return maker
    },
    async close() {
      for (const maker of open.values()) await maker.close()
      open.clear()
    },
  }
}
