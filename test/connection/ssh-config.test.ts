import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConnectionError, type ConnectionSettings } from '../../src/connection/connection.ts'
import { sshOptions, type SshOptions } from '../../src/connection/ssh-options.ts'

describe('The ssh configuration', () => {
  let home: string

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'elkseal-config-'))
    mkdirSync(join(home, '.ssh/conf.d'), { recursive: true })
  })

  afterEach(() => rmSync(home, { recursive: true }))

  function write(name: string, text: string): void {
    writeFileSync(join(home, '.ssh', name), text)
  }

  function options(changes: Partial<ConnectionSettings> = {}, configFile?: string): SshOptions {
    const settings: ConnectionSettings = {
      host: 'inventory-name',
      transport: 'ssh',
      address: 'node1',
      sshArguments: [],
      hostKeyChecking: true,
      timeoutSeconds: 5,
      ...changes,
    }
    return sshOptions(settings, { home, user: 'me', agentSocket: '/agent', configFile, acceptNewHostKeys: false })
  }

  it('has the defaults of ssh without any file', () => {
    const { hostName, port, user, strictHostKeyChecking, jumps, userKnownHostsFiles } = options({}, 'none')
    assert.deepEqual(
      { hostName, port, user, strictHostKeyChecking, jumps },
      { hostName: 'node1', port: 22, user: 'me', strictHostKeyChecking: 'yes', jumps: [] },
    )
    assert.equal(userKnownHostsFiles[0], join(home, '.ssh/known_hosts'))
  })

  it('takes the first value that is found, and all identity files', () => {
    write(
      'config',
      `IdentityFile ~/first
Host node* !node2
  HostName %h.example.org
  Port = 2201
  IdentityFile "~/with space"
Host *
  Port 2202
  User everyone
`,
    )
    const { hostName, port, user, identityFiles } = options()
    assert.deepEqual(
      { hostName, port, user, identityFiles },
      {
        hostName: 'node1.example.org',
        port: 2201,
        user: 'everyone',
        identityFiles: [join(home, 'first'), join(home, 'with space')],
      },
    )
    assert.equal(options({ address: 'node2' }).port, 2202)
  })

  it('is beaten by arguments, and these by variables', () => {
    write('config', 'Host *\n Port 1\n User config\n ProxyJump config-jump\n')
    const sshArguments = ['-o', 'Port=2', '-oUser=argument', '-J', 'a,b:22', '-o', 'StrictHostKeyChecking no']
    const byArguments = options({ sshArguments })
    assert.deepEqual([byArguments.port, byArguments.user], [2, 'argument'])
    assert.deepEqual(byArguments.jumps, ['a', 'b:22'])
    assert.equal(byArguments.strictHostKeyChecking, 'no')
    const byVariables = options({ sshArguments, port: 3, user: 'variable' })
    assert.deepEqual([byVariables.port, byVariables.user], [3, 'variable'])
  })

  it('follows Include with patterns, beside the file, only where the block applies', () => {
    write('config', 'Include conf.d/*.conf\nHost other\n Include only-other\n')
    write('conf.d/1.conf', 'Host node1\n Port 2201\n')
    write('conf.d/2.conf', 'Port 2202\nUser included\n')
    write('only-other', 'HostName elsewhere\n')
    const { hostName, port, user } = options()
    assert.deepEqual({ hostName, port, user }, { hostName: 'node1', port: 2201, user: 'included' })
    assert.equal(options({ address: 'other' }).hostName, 'elsewhere')
  })

  it('knows Match host, originalhost, user, localuser and all', () => {
    write(
      'config',
      `Host node1
  HostName real
Match host real user deploy
  Port 1
Match originalhost node1 localuser me
  Port 2
Match all
  User last
`,
    )
    assert.equal(options({ user: 'deploy' }).port, 1)
    assert.equal(options({ user: 'root' }).port, 2)
    assert.equal(options().user, 'last')
  })

  it('refuses Match exec where it would count, naming the file', () => {
    write('config', 'Match host other exec "test -f /x"\n Port 2\n')
    assert.equal(options().port, 22)
    assert.throws(
      () => options({ address: 'other' }),
      (error) => {
        assert.ok(error instanceof ConnectionError)
        assert.equal(error.message, '"Match exec" is not supported: test -f /x')
        assert.equal(error.position?.file, join(home, '.ssh/config'))
        return true
      },
    )
  })

  it('stops at files that include each other', () => {
    write('config', 'Include config\n')
    assert.throws(() => options(), /include each other/)
  })

  it('expands the tokens of a ProxyCommand and keeps its quotes', () => {
    write('config', 'Host node1\n User u\n ProxyCommand ssh -W %h:%p "my jump" %r %%\n')
    assert.equal(options({ port: 9 }).proxyCommand, 'ssh -W node1:9 "my jump" u %')
    assert.equal(options({ sshArguments: ['-o', 'ProxyCommand=none'] }).proxyCommand, undefined)
  })

  it('takes the agent, the known hosts files and the alias from where they are named', () => {
    write('config', 'IdentityAgent none\nUserKnownHostsFile ~/a ~/b\nHostKeyAlias cluster\nIdentitiesOnly yes\n')
    const { agentSocket, userKnownHostsFiles, hostKeyAlias, identitiesOnly } = options()
    assert.deepEqual(
      { agentSocket, userKnownHostsFiles, hostKeyAlias, identitiesOnly },
      {
        agentSocket: undefined,
        userKnownHostsFiles: [join(home, 'a'), join(home, 'b')],
        hostKeyAlias: 'cluster',
        identitiesOnly: true,
      },
    )
  })

  it('reads another file instead when -F or the option names one', () => {
    write('config', 'Port 1\n')
    write('mine', 'Port 2\n')
    assert.equal(options({}, join(home, '.ssh/mine')).port, 2)
    assert.equal(options({ sshArguments: ['-F', '~/.ssh/mine'] }).port, 2)
  })
})
