// Runs before `npm run demo` and `npm test`, with whatever Node the machine has: installs the packages if that has
// not been done, or package-lock.json has changed since.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

const marker = 'node_modules/.package-lock.json'
const fresh = existsSync(marker) && statSync(marker).mtimeMs >= statSync('package-lock.json').mtimeMs
if (!fresh) {
  process.stdout.write('Installing packages (npm ci) …\n')
  // An older Node is well here, for the project brings its own: no word about that for every package.
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
