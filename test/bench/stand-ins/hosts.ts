import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startSshHost } from '../../support/ssh-host.ts'

/*
 * node hosts.ts FOLDER NAME…: an ssh server and a folder for each name. Says of each, in one line, where it is, and ends
 * with its standard input. A process of its own, so that its memory is not that of the controller.
 */
const [folder = '', ...names] = process.argv.slice(2)
const publicKey = await readFile(join(folder, 'key.pub'), 'utf8')

for (const name of names) {
  const home = join(folder, 'hosts', name)
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'app.yml'), `cluster.name: lab\nnode.name: ${name}\npath.data: /data\n`)
  const { port, hostKeyLine } = await startSshHost({ home, users: { bench: { publicKey } } })
  process.stdout.write(`${JSON.stringify({ name, home, port, hostKeyLine })}\n`)
}

process.stdin.resume().once('end', () => process.exit())
