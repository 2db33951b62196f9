import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandResult } from '../../support/cli.ts'
import { jsonLines } from '../../support/cli.ts'
import { LockBench } from '../../support/lock-bench.ts'

const rounds = Number(process.env['ELKSEAL_LOCK_ROUNDS'] ?? 50)

/** Two processes of the command line that begin within a millisecond, on the same three hosts. */
describe('Two controllers at once', function () {
  this.timeout(900_000)
  const bench = new LockBench()
  before(() => bench.start())
  after(() => bench.close())

  it(`are never both inside, ${String(rounds)} times`, async () => {
    // On entering a host a run makes a folder that must not be there.
    const playbook = bench.playbook('inside.yml', [
      '{ name: Enter, command: "mkdir {{ place }}/inside" }',
      '{ name: Stay, command: "sleep 1" }',
      '{ name: Leave, command: "rmdir {{ place }}/inside" }',
    ])
    const counts = { won: 0, refused: 0, oneAfterTheOther: 0, none: 0 }
    for (let round = 1; round <= rounds; round += 1) {
      const argv = ['run', playbook, '-i', bench.path('hosts.yml'), '--output', 'json']
      const [one, other] = await Promise.all([bench.cli.process(argv), bench.cli.process(argv)])
      const results = [one, other]
      for (const result of results) assertWonOrRefused(result, `round ${String(round)}`)
      const winners = results.filter(({ code }) => code === 0)
      counts.won += winners.length
      counts.refused += results.length - winners.length
      if (winners.length === 2) {
        // One after the other is allowed: the second began to change when the first had ended.
        counts.oneAfterTheOther += 1
        assert.ok(areApart(results.map((result) => changesOf(bench, result))), `round ${String(round)}`)
      }
      if (winners.length === 0) counts.none += 1
      for (const result of results) if (result.code !== 0) assert.deepEqual(changesOf(bench, result), [])
      for (const name of bench.names) {
        assert.deepEqual(bench.locks(name), [])
        assert.equal(existsSync(bench.path(name, 'inside')), false)
      }
    }
    writeFileSync(process.env['ELKSEAL_LOCK_REPORT'] ?? '/dev/null', `${JSON.stringify(counts)}\n`)
    assert.equal(counts.won + counts.refused, 2 * rounds)
    assert.ok(counts.won >= rounds - counts.none)
  })
})

function assertWonOrRefused({ code, stdout, stderr }: CommandResult, where: string): void {
  if (code === 0) return
  assert.equal(code, 2, `${where}: ${stdout}${stderr}`)
  const problems = jsonLines(stdout).filter((line) => line['event'] === 'problem')
  assert.equal(problems.length, 1, `${where}: ${stdout}${stderr}`)
  assert.match(JSON.stringify(problems), /Another run is at work on|Another run ended on/)
}

/** When its changes were begun and done, by its journal; the two journals are of one machine's clock. */
function changesOf(from: LockBench, { stdout }: CommandResult): readonly number[] {
  const id = String(jsonLines(stdout).find((line) => line['event'] === 'run')?.['id'])
  const folder = from.path('.elkseal/runs', id)
  const journal = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  return journal
    .flatMap((name) => jsonLines(readFileSync(join(folder, name), 'utf8')))
    .filter((line) => line['record'] === 'intent' || line['record'] === 'result')
    .map((line) => Date.parse(String(line['at'])))
}

function areApart([one = [], other = []]: readonly (readonly number[])[]): boolean {
  return Math.max(...one) <= Math.min(...other) || Math.max(...other) <= Math.min(...one)
}
