import assert from 'node:assert/strict'
import { KeystoreError, keystoreHeader, readKeystore } from '../../src/elastic/keystore-file.ts'
import { Secret } from '../../src/secrets/secret.ts'

/** Made by the elasticsearch-keystore of each version; the protected ones with `test-store`. */
const samples = [
  {
    version: '7.17.24',
    format: 4,
    plain:
      'P9dsFxZlbGFzdGljc2VhcmNoLmtleXN0b3JlAAAABAAAAADKAAAAQJelK21V3dd2MidRxZ6KM91rjUy6rHdgTb1EUie+5pPb/68sIU37UWjuMudvUtOWZ89CRgka3N3tXckV1AftoqwAAAAMq1pLvGkiC/iKmKidAAAAckTIL789jh4ZMsuvYWVkCJoOg1ExvWqZtuQqS/UoB2tWiF7PDfphXe7QFWpdfH64vmYsxTv4L/anWFKwllIYXDB84hbj2GqhFear0z/93fDD2taJpLhqEfhVUafZ8AGtdLzz1LsGZS5DyuL6DbSkMTM4qMAok+gAAAAAAAAAAEVOITk=',
    locked:
      'P9dsFxZlbGFzdGljc2VhcmNoLmtleXN0b3JlAAAABAEAAADKAAAAQEYrmWcrYx5Fd0aL8ZAmvnisu8+xRAas7AhYqTn/j/B44bccRxHybxG+rixCP/bAvB82oncsNIiZTnVjU2U4twkAAAAMkO7YH99Gyq6lWYQAAAAAcm86oTRFhipqPS0nz0HOgZKi/MGKQQGDCyg78faK9fM22KFrt9JFUmfjEwCs9hMm/t9YiC0pmf5Zf8P3TBhJNXlvCWiL1ljrMpgZ56ow3AHCj3ZkDfgEOLH8ABvZsJ2s7P3J5AWWZaRU13B3gp//ZAu7CMAok+gAAAAAAAAAALHGxbI=',
  },
  {
    version: '8.19.5',
    format: 7,
    plain:
      'P9dsFxZlbGFzdGljc2VhcmNoLmtleXN0b3JlAAAABwDKAAAAQAAAAHO3a8ZK4nddhIz/747Q6kiyJzpyEV70pg24q+Egm2ZudVkyviQxNU+yBQSf0mD5LKanLDEGgC7DAiZTkVXJylwMAAAAhj1Cmvfl2+xb3FstcgAAAImTywyRBdyCPSJbxIXTTSQWx3XlrPTM9pueiB3vAZkOFnikwagy8QXzuTgkurorqnFQHLyDcLnnBhXf7TciY4D4UEEAkRuOteHj65wlY5qLRWf91+iQChpFSvnavKVwUglCyBkaeL3awEbV9WgcL6kAGcAok+gAAAAAAAAAAOuO4yw=',
    locked:
      'P9dsFxZlbGFzdGljc2VhcmNoLmtleXN0b3JlAAAABwHKAAAAQAAAAMu4gZCjqgAL17aIfPLjh3ftzLGeg7OWZJLbrZcWjevz0OCzr5jI+d5sBPyJgLhbMveORmyzJTz6GJr8igCyPXYMAAAA9Q9zwIcxg9Bxxc3ccgAAAE6mGxVxTVbV726VOHpF/xbJBM8u7REEs2zQCKWwREH8vG21FHG6sGPUdcpMl8tumZ0MaFSSsuvV9YK2lhYaeDJ6/ja3iyyYGNipJOPxT1O2Ao3WFPSOBiD3K4OtHQpsEjCHAO6v5t2gy1ayUYrnyxc+pcAok+gAAAAAAAAAAOmx1ME=',
  },
  {
    version: '9.5.0',
    format: 7,
    plain:
      'P9dsFxZlbGFzdGljc2VhcmNoLmtleXN0b3JlAAAABwDKAAAAQAAAAPwvdIuP2wDgkWxD9HeCB5ePup/Y0OpkR18Fz2zDvVn/yqS/tJMx5fK3DSJWK4T8k2gB5nEpNoeVb1B4zkHuM8sMAAAAAgHNT+MWcsyPSy4/cgAAAM/dEEtiyw7dCCfuOmIAFQb4mYxt1GU/BIgwABnxfLO9Ss/7CUslOE52rfmt3hIrTGnqafP8S7pmBP5aUCVz9H7581clr/GbV7OCxRIrj1cRwg3hd6UEqacYPuZq6Bu8Vb+3ER8WDrS+EmbS2TIFliHGgsAok+gAAAAAAAAAAOmswAE=',
    locked:
      'P9dsFxZlbGFzdGljc2VhcmNoLmtleXN0b3JlAAAABwHKAAAAQAAAAKvGAOUPUWMXh8oeNYkdZq/ALFXlCNe3+8syH3eDxMSvZZnzGoIkZ/oMTY//5ZTArz0zweatSz5kjM0Kc903ieoMAAAAaS0XaP0u6dzcl5lzcgAAALHI5Ap6jjZMk+F0X09GuYB6rZ4wRqxZ+hScGw3tzLDWOS/YoSHO7hwOkh/1gI2B7Ldiyldxzen5iKHU8b80xda0P52anJ876MM+D5HUOD344IYnB91IusSE5sd0Rm8BBns87tx3LzubA6SjLzul/huf5sAok+gAAAAAAAAAANDQ1e4=',
  },
] as const

describe('keystore-file', () => {
  for (const { version, format, plain, locked } of samples) {
    it(`opens what elasticsearch-keystore ${version} wrote`, async () => {
      const bytes = Buffer.from(plain, 'base64')
      assert.deepEqual(keystoreHeader(bytes), { version: format, isProtected: false })
      assert.deepEqual(await opened(bytes), expected)
    })

    it(`opens a protected one of ${version} with its password only`, async () => {
      const bytes = Buffer.from(locked, 'base64')
      assert.deepEqual(keystoreHeader(bytes), { version: format, isProtected: true })
      assert.deepEqual(await opened(bytes, new Secret('test-store')), expected)
      await assert.rejects(readKeystore(bytes), trouble('password'))
      await assert.rejects(readKeystore(bytes, new Secret('other')), trouble('password'))
    })
  }

  it('tells a file that is no keystore, a damaged one and a newer format apart', async () => {
    const bytes = Buffer.from(samples[0].plain, 'base64')
    await assert.rejects(readKeystore(Buffer.from('garbage')), trouble('corrupt'))
    await assert.rejects(readKeystore(Buffer.alloc(0)), trouble('corrupt'))
    await assert.rejects(readKeystore(bytes.subarray(0, 80)), trouble('corrupt'))
    const damaged = Buffer.from(bytes)
    damaged[150] = (damaged[150] ?? 0) ^ 1
    await assert.rejects(readKeystore(damaged), trouble('corrupt'))
    const newer = Buffer.from(bytes)
    newer.writeInt32BE(99, 27)
    await assert.rejects(readKeystore(newer), trouble('unknown-format'))
  })
})

const expected = { 'my.two': ' äöü "quoted" ', 'xpack.one': 'plain value' }

async function opened(bytes: Buffer, password?: Secret): Promise<Record<string, string>> {
  const settings = [...(await readKeystore(bytes, password))].filter(([name]) => name !== 'keystore.seed')
  return Object.fromEntries(settings.map(([name, value]) => [name, value.reveal()]))
}

function trouble(wanted: KeystoreError['trouble']): (error: unknown) => boolean {
  return (error) => error instanceof KeystoreError && error.trouble === wanted
}
