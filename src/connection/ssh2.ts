import { createRequire } from 'node:module'
import type ssh2 from 'ssh2'

/*
 * The parts of ssh2 (1.17) that are used. Its entry point also loads its HTTP agents; those load Node's http, which
 * loads the whole of undici (Node 24): a fifth of a start, before the first host is reached.
 */
const load = createRequire(import.meta.url)

export const Client = load('ssh2/lib/client.js') as typeof ssh2.Client
export const { BaseAgent, createAgent } = load('ssh2/lib/agent.js') as Pick<typeof ssh2, 'BaseAgent' | 'createAgent'>
export const { parseKey } = load('ssh2/lib/protocol/keyParser.js') as Pick<typeof ssh2.utils, 'parseKey'>
