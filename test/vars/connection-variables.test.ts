import assert from 'node:assert/strict'
import { TaskError } from '../../src/errors.ts'
import { Secret } from '../../src/secrets/secret.ts'
import { becomeOf, connectionSettings, type ConnectionDefaults } from '../../src/vars/connection-variables.ts'
import { createScope } from '../../src/vars/scope.ts'

type Values = Readonly<Record<string, unknown>>

function settings(values: Values, defaults: ConnectionDefaults = {}) {
  return connectionSettings('node1', createScope([{ values, trusted: true }]), defaults)
}

function become(values: Values, keywords: Values = {}, defaults: ConnectionDefaults = {}) {
  return becomeOf(createScope([{ values, trusted: true }]), keywords, defaults)
}

describe('connectionSettings', () => {
  it('takes the name of the host, ssh, strict host keys and ten seconds when nothing is said', () => {
    const { address, transport, hostKeyChecking, timeoutSeconds, sshArguments } = settings({})
    assert.deepEqual(
      { address, transport, hostKeyChecking, timeoutSeconds, sshArguments },
      {
        address: 'node1',
        transport: 'ssh',
        hostKeyChecking: true,
        timeoutSeconds: 10,
        sshArguments: [],
      },
    )
  })

  it('lets variables beat options', () => {
    const defaults = { user: 'option', privateKeyFile: '/option', password: new Secret('option') }
    const found = settings({ ansible_user: 'variable', ansible_private_key_file: '/variable' }, defaults)
    assert.equal(found.user, 'variable')
    assert.equal(found.privateKeyFile, '/variable')
    assert.equal(found.password?.reveal(), 'option')
    assert.equal(settings({}, defaults).user, 'option')
  })

  it('knows the older names', () => {
    const found = settings({
      ansible_ssh_host: '10.0.0.1',
      ansible_ssh_port: '2222',
      ansible_ssh_user: 'root',
      ansible_ssh_pass: 'secret1',
      ansible_ssh_private_key_file: '/key',
    })
    assert.equal(found.address, '10.0.0.1')
    assert.equal(found.port, 2222)
    assert.equal(found.user, 'root')
    assert.equal(found.password?.reveal(), 'secret1')
    assert.equal(found.privateKeyFile, '/key')
  })

  it('renders templates and keeps passwords closed', () => {
    const found = settings({
      ip: '10.1.1.1',
      ansible_host: '{{ ip }}',
      pw: new Secret('hunter22'),
      ansible_password: '{{ pw }}',
    })
    assert.equal(found.address, '10.1.1.1')
    assert.equal(JSON.stringify(found.password), '"********"')
  })

  it('splits ssh arguments as a shell does', () => {
    const found = settings({
      ansible_ssh_common_args: `-o ProxyCommand="ssh -W %h:%p jump" -J 'a b'`,
      ansible_ssh_args: '-C',
    })
    assert.deepEqual(found.sshArguments, ['-C', '-o', 'ProxyCommand=ssh -W %h:%p jump', '-J', 'a b'])
  })

  it('reads false words, and refuses what is neither true nor false', () => {
    assert.equal(settings({ ansible_host_key_checking: 'no' }).hostKeyChecking, false)
    assert.equal(settings({ ansible_ssh_host_key_checking: false }).hostKeyChecking, false)
    assert.throws(() => settings({ ansible_host_key_checking: 'perhaps' }), TaskError)
  })

  it('refuses what it cannot do, by name', () => {
    assert.throws(() => settings({ ansible_connection: 'winrm' }), /"winrm" of host "node1"/)
    assert.throws(() => settings({ ansible_port: 'ssh' }), /"ansible_port" must be a whole number/)
    assert.equal(settings({ ansible_connection: 'ansible.builtin.local' }).transport, 'local')
  })
})

describe('becomeOf', () => {
  it('is the login account unless something asks for another', () => {
    assert.equal(become({}), undefined)
    assert.equal(become({ ansible_become_user: 'elastic' }), undefined)
  })

  it('is root by sudo when only become is said', () => {
    const found = become({}, { become: true })
    assert.equal(found?.method, 'sudo')
    assert.equal(found?.user, 'root')
  })

  it('lets variables beat keywords and keywords beat options', () => {
    const defaults = { become: true, becomeUser: 'option', becomeMethod: 'su' }
    assert.equal(become({}, {}, defaults)?.user, 'option')
    assert.equal(become({}, { becomeUser: 'keyword' }, defaults)?.user, 'keyword')
    assert.equal(become({ ansible_become_user: 'variable' }, { becomeUser: 'keyword' }, defaults)?.user, 'variable')
    assert.equal(become({ ansible_become: false }, { become: true }, defaults), undefined)
    assert.equal(become({}, { become: false }, defaults), undefined)
  })

  it('renders keywords and takes the password from either name', () => {
    const found = become(
      { ansible_become_pass: new Secret('hunter22'), who: 'app' },
      { become: '{{ 1 == 1 }}', becomeUser: '{{ who }}' },
    )
    assert.equal(found?.user, 'app')
    assert.equal(found?.password?.reveal(), 'hunter22')
  })

  it('refuses other methods', () => {
    assert.throws(() => become({}, { become: true, becomeMethod: 'doas' }), /"doas" is not supported/)
  })
})
