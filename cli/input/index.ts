/** What people type: arguments, components, mounts, source maps. */
export { dataArgument, headerArgument, jsonArgument, readInput, tensorArgument, tensorJson } from './arguments.ts'
export { componentOf } from './component.ts'
export { addMounted, type AskedMount, readMounts } from './mounts.ts'
export { mapOfNode, sourceMapFor } from './source-map.ts'
