/** Where settings and keys come from: environment, the user's folder, the node's folder. */
export { dataFolder } from './data-folder.ts'
export { environment } from './environment.ts'
export { distrustChain, genesisFile, newUserKey, readGenesisFile, trustChain, trustedChains, userKey, type UserKey } from './user-folder.ts'
