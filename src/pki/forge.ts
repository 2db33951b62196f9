import { createRequire } from 'node:module'
import type forge from 'node-forge'

let loaded: typeof forge | undefined

/** node-forge, loaded when a certificate is first read or made: most runs need none of it, and each start would pay. */
export function loadForge(): typeof forge {
  loaded ??= createRequire(import.meta.url)('node-forge') as typeof forge
  return loaded
}
