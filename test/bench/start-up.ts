import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ansibleBin } from '../support/ansible.ts'
import { measure, median } from './measure.ts'
import { node, programOf } from './tools.ts'

interface Pair {
  readonly what: string
  readonly ours: readonly string[]
  readonly theirs: readonly string[]
}

/** What is typed often: the version, beside the smallest Node programme; a large inventory, beside ansible-inventory. */
export async function measureStartUp(folder: string, rounds: number): Promise<readonly string[]> {
  const inventory = join(folder, 'thousand.ini')
  await writeFile(inventory, thousandHosts())
  const elkseal = [node, programOf(folder)]
  const pairs: readonly Pair[] = [
    { what: 'elkseal --version / node -e 0', ours: [...elkseal, '--version'], theirs: [node, '-e', '0'] },
    {
      what: '1,000 hosts listed / ansible-inventory --list',
      ours: [...elkseal, 'inventory', '-i', inventory, '--list'],
      theirs: [ansibleBin('ansible-inventory'), '-i', inventory, '--list'],
    },
  ]
  const lines: string[] = []
  for (const pair of pairs) {
    const ours: number[] = []
    const theirs: number[] = []
    for (let round = 0; round < rounds * 2; round += 1) {
      ours.push(await timeOf(pair.ours, folder))
      theirs.push(await timeOf(pair.theirs, folder))
    }
    const [own, other] = [median(ours), median(theirs)]
    lines.push(`${pair.what}: ${own.toFixed(3)} s / ${other.toFixed(3)} s = ${(own / other).toFixed(2)}`)
  }
  return lines
}

async function timeOf(words: readonly string[], cwd: string): Promise<number> {
  const { seconds, exitCode, output } = await measure(words, { cwd, env: {} })
  if (exitCode !== 0) throw new Error(`${words.join(' ')} ended with ${exitCode}:\n${output.slice(-2000)}`)
  return seconds
}

function thousandHosts(): string {
  const group = (name: string, first: number) =>
    Array.from({ length: 250 }, (_, index) => {
      const number = first + index
      return `${name}-${number} ansible_host=10.0.${number >> 8}.${number & 255} rack=${number % 40}\n`
    }).join('')
  const names = ['hot', 'warm', 'cold', 'web']
  const groups = names.map((name, index) => `[${name}]\n${group(name, index * 250)}\n[${name}:vars]\ntier=${name}\n`)
  return `${groups.join('\n')}\n[elasticsearch:children]\nhot\nwarm\ncold\n\n[all:vars]\nansible_user=ops\n`
}
