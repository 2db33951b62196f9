import type { VariableOfGroup } from './variable.ts'

export const run: readonly VariableOfGroup[] = [
  {
    name: 'elkseal_lock_dir',
    default: 'none: /var/lib/elkseal/lock as root, ~/.elkseal/lock as another account',
    meaning: 'The lock on the host that keeps two runs apart. The same for all who work on a host.',
  },
  {
    name: 'elkseal_backup_dir',
    default: '/var/lib/elkseal/backup',
    meaning:
      'Where a host keeps what runs replace on it. The default is a folder of root: other accounts keep nothing, unless ' +
      'this names a folder that they may write.',
  },
  {
    name: 'elkseal_keep_runs',
    default: '10',
    meaning:
      'How many runs can be rolled back: a host keeps what that many replaced on it, this machine their journals.',
  },
  { name: 'elkseal_lock', default: 'true', meaning: '`false`: take no lock on this host.' },
  {
    name: 'restart',
    default: 'rolling',
    meaning:
      '`rolling` takes one node at a time. `full` stops every node that has to restart before the first starts again.',
  },
  {
    name: 'outage_allowed',
    default: 'false',
    meaning:
      '`true`: nodes may restart although the cluster does not answer meanwhile, as one does of one node or of one or two ' +
      'master-eligible ones.',
  },
  {
    name: 'shard_allocation',
    default: 'primaries',
    meaning:
      'While a node restarts only primary shards are allocated, which is put back afterwards; needs the cluster privilege ' +
      '`manage`. `leave` leaves it alone: a node that is back within a minute gets its replicas again all the same.',
  },
  {
    name: 'gate_timeout',
    default: '600',
    meaning: 'Seconds that a closed gate is waited for, after which the roll stops.',
  },
  {
    name: 'restart_nodes',
    default: 'all',
    meaning: 'For restart.yml: `outdated` restarts only nodes whose settings or keystore are newer than their process.',
  },
  { name: 'renew', default: 'due', meaning: 'For renew.yml: `force` renews every certificate now.' },
  {
    name: 'rotate',
    default: 'due',
    meaning: 'For rotate-ca.yml: `force` begins to change the authority now; one that is under way is carried on.',
  },
  {
    name: 'rotate_until',
    default: 'drop',
    meaning:
      'For rotate-ca.yml, the last phase that is done: `trust` stops when both authorities are trusted, `reissue` when ' +
      'all nodes serve certificates of the next one.',
  },
  {
    name: 'rotate_layers',
    default: 'http',
    meaning:
      'For rotate-ca.yml, whose authority is changed: `http`, `transport` (between the nodes) or `http,transport`.',
  },
]
