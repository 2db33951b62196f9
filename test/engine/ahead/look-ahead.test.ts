import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HostReader } from '../../../src/engine/host-reader.ts'
import { SharedAnswers } from '../../../src/engine/ahead/shared-answers.ts'
import { fileAt } from '../../../src/facts/file.ts'
import { LocalHost } from '../../support/local-host.ts'
import { PlaybookBench } from '../../support/playbook-run.ts'

describe('looks made ahead', () => {
  let host: LocalHost
  let answers: SharedAnswers
  beforeEach(() => {
    host = new LocalHost()
    answers = new SharedAnswers()
  })
  afterEach(() => host.remove())

  const kindSeen = async (sharing: { readonly ahead: boolean; readonly account?: string }) => {
    const reader = new HostReader({
      host: 'local',
      shell: async () => host.shell,
      open: () => Promise.reject(new Error('not used')),
      forecast: undefined,
      native: false,
      sharing: { answers, account: '', ...sharing },
    })
    return (await reader.ask(fileAt(host.path('f')))).kind
  }

  it('ask a host once for what several of them need', async () => {
    assert.deepEqual(await Promise.all([kindSeen({ ahead: true }), kindSeen({ ahead: true })]), ['absent', 'absent'])
    assert.equal(host.requests, 1)
  })

  it('take the answer of a task whose turn it is, which itself asks afresh', async () => {
    await kindSeen({ ahead: true })
    writeFileSync(host.path('f'), '')
    assert.equal(await kindSeen({ ahead: false }), 'file')
    assert.equal(await kindSeen({ ahead: true }), 'file')
    assert.equal(host.requests, 2)
  })

  it('share nothing between accounts', async () => {
    await kindSeen({ ahead: true })
    await kindSeen({ ahead: true, account: 'sudo elasticsearch' })
    assert.equal(host.requests, 2)
  })

  it('ask again when what was asked about is touched', async () => {
    await kindSeen({ ahead: true })
    answers.forget([`file:${host.path('other')}`])
    await kindSeen({ ahead: true })
    assert.equal(host.requests, 1)
    writeFileSync(host.path('f'), '')
    answers.forget([`file:${host.folder}`])
    assert.equal(await kindSeen({ ahead: true }), 'file')
  })

  it('ask again after so many tasks as are looked at ahead', async () => {
    await kindSeen({ ahead: true })
    for (let task = 0; task < 13; task += 1) answers.nextPass()
    await kindSeen({ ahead: true })
    assert.equal(host.requests, 2)
  })
})

describe('looks made ahead in a run', () => {
  let bench: PlaybookBench
  beforeEach(() => {
    bench = new PlaybookBench()
  })
  afterEach(() => bench.remove())

  const tasks = (text: string) => `- hosts: all\n  gather_facts: false\n${text}`

  it('are made again after a wait, since one waits for what changes by itself', async () => {
    const late = join(bench.folder, 'late')
    const result = await bench.run({
      hosts: ['h1'],
      playbook: tasks(`  tasks:
    - {name: wait, wait_for: {path: FOLDER/late, timeout: 10, sleep: 1}}
    - {name: look, stat: {path: FOLDER/late}}
`),
      onEvent: (event) => {
        if (event.event === 'progress') writeFileSync(late, 'now')
      },
    })
    assert.equal((result.of('look', 'h1').result['stat'] as { exists: boolean }).exists, true)
  })

  it('are made again when a task has changed this machine, where their source is', async () => {
    const { results } = await bench.run({
      hosts: ['h1', 'localhost'],
      playbook: `- hosts: h1
  gather_facts: false
  tasks:
    - {name: make, copy: {content: "a\\n", dest: FOLDER/source}, delegate_to: localhost}
    - {name: change, lineinfile: {path: FOLDER/source, line: b}, delegate_to: localhost}
    - {name: place, copy: {src: FOLDER/source, dest: FOLDER/placed}}
    - {name: same, lineinfile: {path: FOLDER/source, line: c}}
    - {name: again, copy: {src: FOLDER/source, dest: FOLDER/placed}}
`,
    })
    assert.deepEqual(
      results.map((line) => line.split(' ')[2]),
      Array.from({ length: 5 }, () => 'changed'),
    )
    assert.equal(readFileSync(join(bench.folder, 'placed'), 'utf8'), 'a\nb\nc\n')
  })

  it('are made again when a change under another name of the same file, by a link, went out since', async () => {
    mkdirSync(join(bench.folder, 'real'))
    symlinkSync('real', join(bench.folder, 'link'))
    writeFileSync(join(bench.folder, 'real/f'), 'a\n')
    const names = ['real', 'link', 'real', 'link', 'link', 'real']
    const lines = names.map((name, index) => `    - {lineinfile: {path: FOLDER/${name}/f, line: l${String(index)}}}\n`)
    await bench.run({ hosts: ['h1'], playbook: tasks(`  tasks:\n${lines.join('')}`) })
    assert.equal(readFileSync(join(bench.folder, 'real/f'), 'utf8'), 'a\nl0\nl1\nl2\nl3\nl4\nl5\n')
  })

  it('are made again when another account, which has a shell of its own, has made a change', async () => {
    const sudo = bench.file('sudo', '#!/bin/sh\nfor last; do :; done\nexec /bin/sh -c "$last"\n')
    chmodSync(sudo, 0o755)
    const lines = Array.from({ length: 8 }, (_, index) => {
      const become = index % 2 === 0 ? 'become: true, become_user: other, ' : ''
      return `    - {${become}lineinfile: {path: FOLDER/f, line: l${String(index)}, create: true}}\n`
    })
    const playbook = tasks(`  tasks:\n${lines.join('')}`)
    const { results } = await bench.run({ hosts: ['h1'], extraVars: { ansible_become_exe: sudo }, playbook })
    assert.deepEqual(new Set(results.map((line) => line.split(' ').at(-1))), new Set(['changed']))
    assert.equal(readFileSync(join(bench.folder, 'f'), 'utf8'), 'l0\nl1\nl2\nl3\nl4\nl5\nl6\nl7\n')
  })

  it('let a handler see what the tasks before it did', async () => {
    const { results } = await bench.run({
      hosts: ['h1'],
      playbook: tasks(`  tasks:
    - {name: one, copy: {content: "a\\n", dest: FOLDER/f}, notify: add}
    - {name: two, lineinfile: {path: FOLDER/f, line: b}}
    - meta: flush_handlers
    - {name: three, lineinfile: {path: FOLDER/f, line: d}}
    - {name: four, lineinfile: {path: FOLDER/f, line: b}}
  handlers:
    - {name: add, lineinfile: {path: FOLDER/f, line: c}}
`),
    })
    assert.equal(readFileSync(join(bench.folder, 'f'), 'utf8'), 'a\nb\nc\nd\n')
    assert.deepEqual(
      results.map((line) => line.split(' ')[2]),
      ['changed', 'changed', 'changed', 'changed', 'ok'],
    )
  })
})
