import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  addressBytes,
  addressText,
  canonicalAddress,
  hostNameProblem,
  namesProblems,
} from '../../src/pki/certificate-name.ts'

describe('hostNameProblem', () => {
  for (const name of [
    'localhost',
    'es1',
    'ES-1.example.com',
    'es_1',
    '*.example.com',
    'a'.repeat(63),
    '1a',
    '3com.net',
  ]) {
    it(`takes ${name}`, () => assert.equal(hostNameProblem(name), undefined))
  }

  for (const name of [
    '',
    'a b',
    '-es1',
    'es1-',
    'es..1',
    '*',
    '*.com',
    'es*.example.com',
    'a'.repeat(64),
    'a.'.repeat(127),
    '10.0.0.300',
    'es1/../x',
    'es1,es2',
    'user@es1',
    'es1\n',
  ]) {
    it(`refuses ${JSON.stringify(name)}`, () => assert.match(hostNameProblem(name)?.message ?? '', /is no host name$/))
  }

  it('says what to write instead', () => {
    const hint = (name: string) => hostNameProblem(name)?.hint
    assert.equal(hint('müller.example'), 'Write it in ASCII: xn--mller-kva.example')
    assert.equal(hint('es1.example.'), 'Leave out the final dot: es1.example')
    assert.equal(hint('https://es1:9200'), 'Give the name alone, without scheme and port')
    assert.equal(hint('es1:9200'), 'Leave out the port: es1')
    assert.equal(hint('10.0.0.300'), 'It looks like an IPv4 address, but is none')
  })
})

describe('namesProblems', () => {
  it('collects all problems', () => {
    const problems = namesProblems({ dns: ['es1', 'a b', '10.0.0.1'], addresses: ['::1', 'es1', 'fe80::1%eth0'] })
    assert.deepEqual(
      problems.map((problem) => problem.message),
      [
        '"a b" is no host name',
        '"10.0.0.1" is an IP address, not a host name',
        '"es1" is no IP address',
        '"fe80::1%eth0" is no IP address',
      ],
    )
  })
})

describe('IP addresses', () => {
  it('have one canonical text', () => {
    assert.equal(canonicalAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1')
    assert.equal(canonicalAddress('::ffff:10.0.0.1'), '::ffff:a00:1')
    assert.equal(canonicalAddress('10.0.0.1'), '10.0.0.1')
    assert.equal(canonicalAddress('10.0.0.01'), undefined)
    assert.equal(canonicalAddress('es1'), undefined)
  })

  it('survive being written as bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = canonicalAddress(text)
        assert.ok(address !== undefined)
        assert.equal(addressText(addressBytes(text)), address)
        assert.equal(addressBytes(address).length, text.includes(':') ? 16 : 4)
      }),
    )
  })
})
