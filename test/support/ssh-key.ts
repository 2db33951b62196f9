import ssh2 from 'ssh2'

/** An ed25519 key pair. Now and then ssh2 makes one that it cannot read itself; that one is made again. */
export function newSshKey(passphrase?: string): { readonly private: string; readonly public: string } {
  const options = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 4 }
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync(
      'ed25519',
      options as { passphrase: string; cipher: string; rounds: number },
    )
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair
  }
}
