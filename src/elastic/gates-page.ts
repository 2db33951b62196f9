import { gates } from './gates.ts'

/** docs/gates.md: the named conditions that a roll may ask for. */
export function gatesPage(): string {
  return [
    '# Gates',
    '',
    'A roll asks these before and after each batch (`roll: {gates: [...]}`), and the module `cluster_gate` asks them anywhere.',
    'Each looks at one snapshot of the cluster. A closed gate is waited for, with its reason on the screen; when its time is',
    'up the roll stops.',
    '',
    '| gate | when it is open |',
    '| --- | --- |',
    ...gates.map((gate) => `| \`${gate.name}\` | ${gate.summary} |`),
    '',
  ].join('\n')
}
