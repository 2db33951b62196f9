import * as z from 'zod'
import { serviceFreshness } from '../facts/service-freshness.ts'
import { filledText, int, wordList } from './argument-types.ts'
import { defineModule } from './module.ts'

export const currentService = defineModule({
  name: 'current_service',
  aliases: ['elkseal.elastic.current_service'],
  summary: 'A systemd unit that runs with its files as they are: restarted when a file changed after its start.',
  examples: `- name: Kibana runs with its files as they are
  current_service:
    name: kibana
    files: [/etc/kibana/kibana.yml, /etc/kibana/elasticsearch-ca.pem]
`,
  args: z.strictObject({
    name: filledText().describe('The unit.'),
    files: wordList().describe('Absolute paths of the files it reads only when it starts. Missing ones do not count.'),
    timeout: int().default(180).describe('Seconds until the restart is given up.'),
  }),
  inspect: async ({ host }, args) => host.ask(serviceFreshness(args.name, args.files)),
  decide: (state, args) => {
    if (state.noSystemd === true)
      return { kind: 'fail', message: `There is no systemd on this host, so no service "${args.name}"` }
    if (!state.known) {
      return {
        kind: 'fail',
        message: `Service "${args.name}" is not known to systemd on this host`,
        hint: 'Set the service variable to the name of its unit',
      }
    }
    if (state.active && state.newer.length === 0)
      return { kind: 'keep', reason: 'started after its files last changed' }
    const why = state.active
      ? `${state.newer.map(baseName).join(', ')} changed after its start`
      : `it is ${state.activeState}`
    const action = state.active ? 'restart' : 'start'
    // Kibana's own unit allows three starts a minute, and a CA that is rotated takes two.
    const limits = { resetStartLimit: true, timeoutMs: args.timeout * 1000 }
    const effects = [{ kind: 'set-service', name: args.name, action, ...limits } as const]
    return { kind: 'change', change: { summary: `${action} ${args.name}: ${why}`, effects } }
  },
})

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
