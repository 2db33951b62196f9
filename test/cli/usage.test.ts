import assert from 'node:assert/strict'
import { CommandBench } from '../support/cli.ts'

describe('the command line', () => {
  let bench: CommandBench
  beforeEach(() => {
    bench = new CommandBench()
    bench.file('hosts.ini', '[web]\nh1 ansible_connection=local\n')
    bench.file('play.yml', '- hosts: web\n  gather_facts: false\n  tasks: [{name: one, ping: }]\n')
  })
  afterEach(() => bench.remove())

  it('without arguments shows on standard error what there is, and is a mistake', async () => {
    const { code, stdout, stderr } = await bench.run([])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, /^Usage: elkseal/)
    assert.match(stderr, /secure-http\.yml -i inventory\.yml --check --diff/)
  })

  for (const words of [[], ['run'], ['apply'], ['verify'], ['inventory'], ['doc'], ['certs'], ['certs', 'export']]) {
    it(`tells all of "elkseal ${words.join(' ')}" with --help`, async () => {
      const { code, stdout, stderr } = await bench.run([...words, '--help'])
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, new RegExp(`^Usage: elkseal ${words.join(' ')}`))
      assert.doesNotMatch(stdout, /default: \[\]/)
    })
  }

  it('tells its version', async () => {
    for (const words of [['--version'], ['-V']]) {
      const { code, stdout } = await bench.run(words)
      assert.equal(code, 0)
      assert.match(stdout, /^elkseal \d+\.\d+\.\d+\n$/)
    }
  })

  const mistakes: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [['rnu'], /unknown command 'rnu'[\s\S]*Did you mean run\?/],
    [['run'], /missing required argument 'playbook'/],
    [['run', 'play.yml', '--chek'], /unknown option '--chek'[\s\S]*Did you mean --check\?/],
    [['run', 'play.yml', '-i'], /argument missing/],
    [['run', 'play.yml'], /No inventory was given\n {2}Name one with -i/],
    [['verify'], /No inventory was given/],
    [['apply'], /missing required argument 'plan'/],
    [['apply', 'plan.json', '--limit', 'h1'], /unknown option '--limit'/],
    [['run', 'play.yml', '-i', 'hosts.ini', '--output', 'xml'], /Allowed choices are auto, live, plain, json/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-f', '0'], /--forks <n>.*whole number above 0/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-f', '1.5'], /--forks <n>.*whole number above 0/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-T', 'soon'], /--timeout <seconds>.*number above 0/],
    [['run', 'play.yml', '-i', 'nothing.ini'], /The inventory ".*nothing\.ini" does not exist/],
    [['run', 'nothing.yml', '-i', 'hosts.ini'], /Cannot read ".*nothing\.yml": there is no such file/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-e', 'word'], /"word" is no variable for -e\n {2}Write -e key=value/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-e', '@nothing'], /given to -e: there is no such file/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-e', '{"a": '], /^-e:1:7: error: Not valid YAML/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-l', 'h9'], /No host or group of the inventory is called "h9"/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-l', 'h1:!web'], /"--limit h1:!web" selects no host/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-l', '@nothing'], /The limit file "nothing" cannot be read/],
    [['run', 'play.yml', '-i', 'hosts.ini', '-t', 'y'], /No task has the tag "y"\n {2}The playbook has no tags/],
    [['run', 'play.yml', '-i', 'hosts.ini', '--start-at-task', 'oen'], /There is no task "oen" to start at\n.*"one"/],
    [['verify', '-i', 'hosts.ini'], /No play has a host\n {2}The plays are for elasticsearch/],
    [['inventory', '-i', 'hosts.ini'], /Say one of --list, --graph and --host/],
    [['inventory', '-i', 'hosts.ini', '--host', 'h9'], /The inventory has no host "h9"/],
    [['inventory', '-i', 'hosts.ini', '--graph', 'wbe'], /The inventory has no group "wbe"/],
    [['inventory', '-i', 'hosts.ini', '--list', '-l', 'h9'], /called "h9"/],
    [['doc', 'copyy'], /There is no module "copyy"\n {2}Did you mean "copy"\?/],
    [['certs', 'export', 'x.zip', '-i', 'hosts.ini'], /"elasticsearch"/],
  ]
  for (const [words, said] of mistakes) {
    it(`refuses "elkseal ${words.join(' ')}" with code 1, on standard error`, async () => {
      const { code, stdout, stderr } = await bench.run(words)
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, said)
    })
  }

  it('refuses a run in which --limit leaves no play a host', async () => {
    bench.file('hosts.ini', '[web]\nh1\n[db]\nh2\n')
    const { code, stderr } = await bench.run(['run', 'play.yml', '-i', 'hosts.ini', '-l', 'db'])
    assert.equal(code, 1)
    assert.match(stderr, /No play has a host that "--limit db" selects\n {2}The plays are for web/)
  })

  it('is the same as a process', async () => {
    const wrong = await bench.process(['run', 'play.yml'])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /No inventory was given/)
    const right = await bench.process(['run', 'play.yml', '-i', 'hosts.ini'])
    assert.deepEqual([right.code, right.stderr], [0, ''])
    assert.match(right.stdout, /ok: \[h1\] => pong/)
  })
})
