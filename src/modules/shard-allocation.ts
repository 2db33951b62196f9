import * as z from 'zod'
import { askElastic, ElasticError, requestWords, servedScheme, type Endpoint } from '../elastic/client.ts'
import {
  allocationPath,
  allocationSettings,
  holdAllocation,
  restoreAllocation,
  type AllocationSettings,
} from '../elastic/shard-allocation.ts'
import { choice, int } from './argument-types.ts'
import { endpointArguments, nodeEndpoint, withScheme, type NodeEndpoint } from './elasticsearch-endpoint.ts'
import { defineModule, type Decision, type Look, type Values } from './module.ts'
import { lookVariables } from './task-variables.ts'

const args = z.strictObject({
  state: choice('primaries', 'restored').describe(
    'primaries: only primary shards are allocated, so that no replica of a node that restarts is built elsewhere; restored: as it was before. What somebody has set himself stays in both.',
  ),
  ...endpointArguments,
  timeout: int().default(60).describe('Seconds to wait for a node that has just started.'),
})
type Args = z.infer<typeof args>

interface State {
  readonly endpoint: Endpoint
  readonly settings: AllocationSettings
}

export const shardAllocation = defineModule<Args, State>({
  name: 'shard_allocation',
  aliases: ['elkseal.elastic.shard_allocation'],
  summary:
    'Holds back the allocation of replicas while a node restarts, and puts it back as it was. What was found is kept in the settings of the cluster, so that a later run can put it back too.',
  examples: `
- name: No replica is built elsewhere while the node is down
  shard_allocation:
    state: primaries
  changed_when: false
`,
  args,
  inspect: async (look, given) => {
    const node = nodeEndpoint(given, lookVariables(look))
    const deadline = look.clock.now().getTime() + given.timeout * 1000
    for (;;) {
      try {
        return await lookAt(look, node)
      } catch (thrown) {
        const isPassing = thrown instanceof ElasticError && thrown.isTransient
        if (!isPassing || look.clock.now().getTime() > deadline) throw thrown
        await look.clock.sleep(1000)
      }
    }
  },
  decide: ({ endpoint, settings }, { state }): Decision => {
    const step = state === 'primaries' ? holdAllocation(settings) : restoreAllocation(settings)
    if (step.kind === 'leave') return { kind: 'keep', reason: step.reason }
    const request = requestWords(endpoint, { method: 'PUT', path: '/_cluster/settings', body: step.body })
    return {
      kind: 'change',
      change: { summary: step.summary, effects: [{ kind: 'http-request', request, isForeseen: true }] },
      collect: ([answer = {}]) => failureOf(answer, endpoint),
    }
  },
})

async function lookAt(look: Look, node: NodeEndpoint): Promise<State> {
  const endpoint = await withScheme(look, node, await servedScheme(look.host, node))
  const ask = async (way: Endpoint): Promise<State> => ({
    endpoint: way,
    settings: allocationSettings(await askElastic(look.host, way, { path: allocationPath })),
  })
  try {
    return await ask(endpoint)
  } catch (thrown) {
    // Https from before elkseal, by an authority nobody told us: the way there is inside the SSH connection.
    const isUnknown = thrown instanceof ElasticError && thrown.trouble === 'tls' && !node.isCaGiven
    if (!isUnknown) throw thrown
    return await ask({ ...endpoint, verify: 'none' })
  }
}

function failureOf({ status }: Values, { credentials }: Endpoint): Values {
  if (status === 200) return { status }
  const who = credentials === undefined ? 'it' : `"${credentials.user}"`
  const why = status === 403 ? `: ${who} needs the cluster privilege "manage", or set shard_allocation to leave` : ''
  return { status, failed: true, msg: `The cluster answers ${String(status)} when its shard allocation is set${why}` }
}
