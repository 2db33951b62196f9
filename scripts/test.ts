import { globSync } from 'node:fs'
import Mocha from 'mocha'
import '../test/support/property-seed.ts'

/**
 * `npm test`: unit tests, then tests against real products on this machine (test/integration), then the lab of real
 * hosts (test/lab), which only root can start and which ELKSEAL_LAB=1 switches on. In CI (ELKSEAL_CI=1) everything
 * runs, and a missing tool fails its test. Words after `--` are paths that narrow the run.
 */
const ci = process.env['ELKSEAL_CI'] === '1'
const lab = ci || process.env['ELKSEAL_LAB'] === '1'

const all = globSync('test/**/*.test.ts').sort()
const isLab = (file: string) => file.startsWith('test/lab/')
const isIntegration = (file: string) => file.startsWith('test/integration/')
const wanted = process.argv.slice(2)
const files = [
  ...all.filter((file) => !isLab(file) && !isIntegration(file)),
  ...all.filter(isIntegration),
  ...(lab ? all.filter(isLab) : []),
].filter((file) => wanted.length === 0 || wanted.some((path) => file.startsWith(path.replace(/^\.\//, ''))))

if (!lab) process.stdout.write('skipped: the lab of real hosts (root only); switch it on with ELKSEAL_LAB=1\n')

const mocha = new Mocha({ timeout: 20_000, reporter: 'spec', forbidOnly: true, color: process.stdout.isTTY })
for (const file of files) mocha.addFile(file)
await mocha.loadFilesAsync()
const failures = await new Promise<number>((resolve) => {
  const runner = mocha.run(resolve)
  runner.once('end', () => {
    const { passes = 0, failures: failed = 0, pending = 0 } = runner.stats ?? {}
    process.once('exit', () => {
      process.stdout.write(`\n${String(passes)} passed, ${String(failed)} failed, ${String(pending)} skipped\n`)
    })
  })
})
process.exit(failures > 0 ? 1 : 0)
