import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const playbooks = join(import.meta.dirname, '../../playbooks')

export const restartTask = 'A restart, if the node runs with older files'
/** It is there on the host that pauses. */
export const pauseMark = '/run/elkseal-test-pauses'

/**
 * secure-http.yml, but between the edits and the restart the host `pause_on` pauses, and says so there, and the host
 * `large_on` is sent the file `large` from beside the playbook.
 */
export async function pausingPlaybook(folder: string): Promise<string> {
  await cp(playbooks, join(folder, 'playbooks'), { recursive: true })
  const file = join(folder, 'playbooks/secure-http.yml')
  const large = `    - name: A large file\n      copy: {src: large, dest: /etc/elasticsearch/large}\n      when: inventory_hostname == large_on | default('')\n\n`
  const pause = `    - name: A pause to be interrupted in\n      shell: touch ${pauseMark}; sleep 60\n      changed_when: false\n      when: inventory_hostname == pause_on | default('')\n\n`
  const text = await readFile(file, 'utf8')
  const restart = `    - name: ${restartTask}\n`
  assert.ok(text.includes(restart))
  await writeFile(file, text.replace(restart, large + pause + restart))
  return file
}
